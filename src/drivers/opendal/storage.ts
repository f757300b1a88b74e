import type { Operator } from 'opendal'

import { HardwareError, messageOf } from '../../errors.ts'
import { loadOptionalModule } from '../../base/optional-module.ts'
import { untilAborted } from '../../base/abort.ts'
import type { OpendalConfig } from './config.ts'
import { storageError } from './storage-error.ts'

/**
 * The longest that one step may take, in milliseconds. The close of a file waits until a slow card has written it; Jumpstarter's storage
 * drivers allow 900 s.
 */
const stepTimeoutMs = 900_000

/**
 * Opens a storage.
 *
 * @throws HardwareError MODULE_MISSING when OpenDAL is not installed, EXPORTER_CONFIG_INVALID for settings that OpenDAL
 *   refuses
 */
export async function openStorage({ scheme, kwargs = {} }: OpendalConfig): Promise<Operator> {
  const load = () => import('opendal')
  const { Operator, TimeoutLayer } = await loadOptionalModule('opendal', 'The driver for storages', load)
  try {
    const limits = new TimeoutLayer()
    limits.timeout = stepTimeoutMs
    limits.ioTimeout = stepTimeoutMs
    return new Operator(scheme, { ...kwargs }).layer(limits.build())
  } catch (cause) {
    throw new HardwareError('EXPORTER_CONFIG_INVALID', `scheme ${scheme}: ${messageOf(cause)}`, { cause })
  }
}

/**
 * Waits for a step of OpenDAL, or for the end of the call that needs the step. A step that has begun cannot be interrupted, and goes on.
 */
export function waitFor<T>(step: Promise<T>, signal: AbortSignal): Promise<T> {
  const told = step.catch((cause: unknown) => {
    throw storageError(cause)
  })
  return untilAborted(told, signal)
}
