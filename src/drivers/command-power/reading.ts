import { isRecord } from '../../base/check.ts'
import { cutText } from '../../base/cut-text.ts'
import { asFiniteNumber } from '../../base/finite-number.ts'
import { HardwareError } from '../../errors.ts'
import type { PowerReading } from '../../interfaces/power.ts'

/** The length from which output is cut in a message, in characters. */
const shownLength = 200

/**
 * Finds a measurement in the output of a program.
 *
 * @param output a JSON object with `voltage` and `current`, unless there is a pattern
 * @param pattern a regular expression with the groups `voltage` and `current`
 * @returns volts and amperes
 * @throws HardwareError RESULT_INVALID with the output when there is no measurement
 */
export function parseReading(output: string, pattern?: string): PowerReading {
  const found: unknown = pattern === undefined ? parseJson(output) : new RegExp(pattern).exec(output)?.groups
  const [voltage, current] = isRecord(found) ? [asFiniteNumber(found['voltage']), asFiniteNumber(found['current'])] : []
  if (voltage !== undefined && current !== undefined) return { voltage, current }
  const wanted =
    pattern === undefined
      ? 'a JSON object with the numbers voltage and current'
      : `what matches read_pattern (${cutText(pattern, shownLength)}), with numbers`
  const printed = output.trim() === '' ? 'nothing' : JSON.stringify(cutText(output.trim(), shownLength))
  throw new HardwareError('RESULT_INVALID', `The command power_read has to print ${wanted}; it printed ${printed}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
