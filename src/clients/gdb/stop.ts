import type { DebugAddress } from './types.ts'

/** The reason why a program stands still. */
export interface DebugStop {
  /**
   * `breakpoint` and `watchpoint` where the stub says so; many stubs report a breakpoint, a step and a reset as `signal` 5, SIGTRAP.
   * `exited` and `killed` are the ends of a program.
   */
  readonly reason: 'breakpoint' | 'watchpoint' | 'signal' | 'exited' | 'killed'
  /** The number of the signal, as gdb numbers them: 2 after `halt()`, 5 for a breakpoint, 11 for a bad address. */
  readonly signal?: number | undefined
  /** The exit code of a program that has ended. */
  readonly exitCode?: number | undefined
  /** The address of the data that a watchpoint has seen. */
  readonly address?: bigint | undefined
}

/** True for the content of a packet that says that the program stands still. */
export function isStop(content: Buffer): boolean {
  return /^(?:[STX][\da-f]{2}|W[\da-f]{1,8}(?:;|$))/i.test(content.toString('latin1'))
}

/** Reads a packet for which {@link isStop} is true (GDB manual, "Stop Reply Packets"). */
export function parseStop(content: Buffer): DebugStop {
  const text = content.toString('latin1')
  const [number = '', ...pairs] = text.slice(1).split(';')
  if (text.startsWith('W')) return { reason: 'exited', exitCode: Number.parseInt(number, 16) }
  const signal = Number.parseInt(number.slice(0, 2), 16)
  if (text.startsWith('X')) return { reason: 'killed', signal }
  for (const pair of [number.slice(2), ...pairs]) {
    const [key = '', value = ''] = pair.split(':')
    if (['watch', 'rwatch', 'awatch'].includes(key) && /^[\da-f]+$/i.test(value)) {
      return { reason: 'watchpoint', signal, address: BigInt(`0x${value}`) }
    }
    if (key === 'swbreak' || key === 'hwbreak') return { reason: 'breakpoint', signal }
  }
  return { reason: 'signal', signal }
}

/** True for a stop after which there is no program any more. */
export function isEnd({ reason }: DebugStop): boolean {
  return reason === 'exited' || reason === 'killed'
}

/** Describes a stop for an error: `stopped with signal 11`. */
export function describeStop({ reason, signal, exitCode, address }: DebugStop): string {
  switch (reason) {
    case 'exited':
      return `ended with exit code ${exitCode}`
    case 'killed':
      return `was ended by signal ${signal}`
    case 'watchpoint':
      return `stopped at a watchpoint of 0x${address?.toString(16)}`
    case 'breakpoint':
      return 'stopped at a breakpoint'
    case 'signal':
      return `stopped with signal ${signal}`
  }
}

/** Describes the place that a caller has named: `'main'`, `0x8000`. */
export function describeAddress(address: DebugAddress): string {
  return typeof address === 'string' ? `'${address}'` : `0x${address.toString(16)}`
}
