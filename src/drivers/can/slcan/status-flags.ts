import type { SlcanLine } from './slcan-line.ts'

/** The bits of the answer to the command `F`, from bit 0 (manual of Lawicel's CANUSB). */
const flagNames = [
  'receive queue full',
  'transmit queue full',
  'error warning',
  'data overrun',
  undefined,
  'error passive',
  'arbitration lost',
  'bus error',
] as const

/** A flag of an adapter's status. */
type StatusFlag = Exclude<(typeof flagNames)[number], undefined>

/** Asks an adapter for its flags, which clears them. @returns undefined if it has none */
export async function readFlags(line: SlcanLine, timeoutMs: number): Promise<ReadonlySet<StatusFlag> | undefined> {
  const answer = await line.ask('F', { timeoutMs, expected: /^(?:F[\da-f]{2})?$/i })
  if (answer.isRefused || answer.text === '') return undefined
  const bits = Number.parseInt(answer.text.slice(1), 16)
  return new Set(flagNames.filter((name, bit) => name !== undefined && (bits & (1 << bit)) !== 0) as StatusFlag[])
}

/** Describes the flags for the error of a refused frame. */
export function describeFlags(flags: ReadonlySet<StatusFlag> | undefined): string {
  if (flags === undefined || flags.size === 0) return 'it tells no reason'
  const cure = 'check that another node is on the bus, the bit rates, and the termination'
  return `it says ${[...flags].join(', ')}; ${cure}`
}
