import { HardwareError } from '../../errors.ts'

/** SCPI-99, volume 1, section 7.2.1: 9.9E37 is infinity, and 9.91E37 is no number. */
const noNumberFrom = 9.9e37

/**
 * Reads a number that an instrument has measured. Some instruments write the unit behind it.
 *
 * @throws HardwareError RESULT_INVALID with the answer when it is no number, or the one that means that there is none
 */
export function parseMeasurement(query: string, answer: string): number {
  const digits = /^(?<digits>[+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?)\s*[VA]?$/i.exec(answer.trim())?.groups?.['digits']
  const value = Number(digits)
  if (digits !== undefined && Math.abs(value) < noNumberFrom) return value
  const shown = JSON.stringify(answer.slice(0, 100))
  throw new HardwareError('RESULT_INVALID', `The instrument answers '${query}' with ${shown}, which is no measurement`)
}
