import { isRecord } from '../../base/check.ts'
import { asFiniteNumber } from '../../base/finite-number.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { PowerReading } from '../../interfaces/power.ts'
import type { HttpPowerReadRequest } from './config.ts'

/**
 * Takes a measurement from an answer in JSON.
 *
 * @returns volts and amperes. A value without a path in the config is 0 where the answer lacks it, as with Jumpstarter's driver
 * @throws HardwareError RESULT_INVALID, of origin `lab`, for an answer that is not JSON, lacks a path of the config, or has no
 *   number there
 */
export function parseReading(answer: string, { voltage_path, current_path }: HttpPowerReadRequest): PowerReading {
  let data: unknown
  try {
    data = JSON.parse(answer)
  } catch (cause) {
    throw invalid(`the answer is not JSON: ${messageOf(cause)}`, cause)
  }
  return {
    voltage: numberAt(data, voltage_path, 'voltage'),
    current: numberAt(data, current_path, 'current'),
  }
}

function numberAt(data: unknown, given: string | null | undefined, usual: 'voltage' | 'current'): number {
  const path = given ?? usual
  const value = valueAt(data, path)
  if (value === undefined) {
    if (given === undefined || given === null) return 0
    throw invalid(`the answer has nothing at ${path} (${usual}_path)`)
  }
  const number = asFiniteNumber(value)
  if (number !== undefined) return number
  throw invalid(`the answer has no number at ${path}`)
}

/** Finds the value at a path of keys and indexes with dots between. */
function valueAt(data: unknown, path: string): unknown {
  let value = data
  for (const step of path.split('.')) {
    if (Array.isArray(value)) value = value[Number(step)]
    else if (isRecord(value) && Object.hasOwn(value, step)) value = value[step]
    else return undefined
  }
  return value
}

function invalid(message: string, cause?: unknown): HardwareError {
  return new HardwareError('RESULT_INVALID', message, { cause, origin: 'lab' })
}
