import { InvalidArgumentError } from 'commander'

const units: Readonly<Record<string, number>> = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 }

/**
 * Reads a duration in the forms of Jumpstarter's `jmp`: seconds (`90`), units (`1d3h`, `30m`), ISO 8601 (`PT1H30M`) or hours,
 * minutes and seconds (`01:30:00`).
 *
 * @returns milliseconds
 * @throws InvalidArgumentError
 */
export function parseDuration(text: string): number {
  const seconds = secondsOf(text.trim())
  if (seconds === undefined || seconds <= 0) {
    throw new InvalidArgumentError('A duration is a number of seconds, or like 30m, 1d3h, PT1H30M or 01:30:00.')
  }
  return seconds * 1000
}

/**
 * Reads a time of ISO 8601: `2026-11-27T18:00:00Z`. A time without a zone is in the zone of this machine.
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
  // In ISO 8601 a T stands before hours; an M before the T is a month, which has no fixed length.
  const iso = /^P(?:\d+[WD])*(?:T(?:\d+[HMS])+)?$/i.test(text) && text.length > 1
  if (!iso && !/^(?:\d+[wdhms])+$/i.test(text)) return undefined
  return sum(Array.from(text.toLowerCase().matchAll(/(\d+)([wdhms])/g), ([, count = '', unit = '']) => [count, unit]))
}

function sum(parts: readonly (readonly [string, string])[]): number {
  return parts.reduce((all, [count, unit]) => all + Number(count) * (units[unit] ?? 0), 0)
}
