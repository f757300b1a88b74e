import { asFiniteNumber } from '../../base/finite-number.ts'
import { HardwareError } from '../../errors.ts'

/**
 * Finds the value of a sensor in the output of `ipmitool -c sdr get`, which has a line for each sensor: its name, its value, its
 * unit, its state, and more.
 *
 * @param unit the unit that the sensor has to have, in ipmitool's words: `Volts`, `Amps`
 * @throws HardwareError RESULT_INVALID when the sensor is not there, has another unit, or does not measure now
 */
export function sensorValue(output: string, name: string, unit: 'Volts' | 'Amps'): number {
  const invalid = (problem: string) => new HardwareError('RESULT_INVALID', `The sensor '${name}' ${problem}`)
  // A name may have commas.
  const line = output.split(/\r?\n/).find((text) => text.startsWith(`${name},`))
  if (line === undefined) throw invalid("is not one of the controller's; `ipmitool sdr` lists them")
  const [text, found = ''] = line.slice(name.length + 1).split(',')
  const value = asFiniteNumber(text)
  if (value === undefined) throw invalid('has no value now')
  if (found !== unit) throw invalid(`measures ${found}, not ${unit}`)
  return value
}
