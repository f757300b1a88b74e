/**
 * Reads a number, also one that is written as a text: many devices and programs quote their numbers.
 *
 * @returns `undefined` for everything else, such as an empty text, `NaN` and infinity
 */
export function asFiniteNumber(value: unknown): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}
