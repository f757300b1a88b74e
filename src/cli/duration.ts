import { InvalidArgumentError } from 'commander'

const units: Readonly<Record<string, number>> = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 }

/**
 * Reads a duration as `jmp` has them: seconds (`90`), units (`1d3h`, `30m`), ISO 8601 (`PT1H30M`) or a clock's
 * (`01:30:00`).
 *
 * @returns milliseconds
 * @throws InvalidArgumentError
 */
export function parseDuration(text: string): number {
  const seconds = secondsOf(text.trim())
  if (seconds === undefined || seconds <= 0) {
    throw new InvalidArgumentError('A duration is seconds, or like 30m, 1d3h, PT1H30M or 01:30:00.')
  }
  return seconds * 1000
}

/**
 * Reads a time as ISO 8601 has it: `2026-11-27T18:00:00Z`; without a zone, on the clock of this machine.
 *
 * @throws InvalidArgumentError
 */
export function parseTime(text: string): Date {
  const time = new Date(text)
  if (/^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(time.getTime())) return time
  throw new InvalidArgumentError('A time is like 2026-11-27T18:00:00Z.')
}

function secondsOf(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text)
  const clock = /^(?<h>\d+):(?<m>\d\d):(?<s>\d\d)$/.exec(text)?.groups
  if (clock !== undefined) return sum(Object.entries(clock).map(([unit, count]) => [count, unit]))
  // ISO 8601 has a T before hours, so that M before it is a month, which has no length.
  const iso = /^P(?:\d+[WD])*(?:T(?:\d+[HMS])+)?$/i.test(text) && text.length > 1
  if (!iso && !/^(?:\d+[wdhms])+$/i.test(text)) return undefined
  return sum(Array.from(text.toLowerCase().matchAll(/(\d+)([wdhms])/g), ([, count = '', unit = '']) => [count, unit]))
}

function sum(parts: readonly (readonly [string, string])[]): number {
  return parts.reduce((all, [count, unit]) => all + Number(count) * (units[unit] ?? 0), 0)
}
