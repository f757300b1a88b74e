import type { WaitOptions } from '../base/wait-options.ts'
import { HardwareError } from '../errors.ts'
import { labelOf } from './client-node.ts'
import { type ClientClass, DriverClient } from './driver-client.ts'

/**
 * Finds the client of a driver below another one.
 *
 * @param name the name of the driver below, which is also its name in the error
 * @param limits the limits for its calls
 * @throws HardwareError DRIVERS_MISMATCH when the exporter has no such driver there
 */
export function childOf<Client extends DriverClient>(
  { node, children }: Pick<DriverClient, 'node' | 'children'>,
  name: string,
  Class: ClientClass<Client>,
  limits: WaitOptions,
): Client {
  const child = children[name]
  if (child instanceof Class) return child.with(limits)
  const where = [labelOf(node), name].filter(Boolean).join('.')
  const what = child === undefined ? 'nor anything else' : `but ${child.clientPath}`
  throw new HardwareError('DRIVERS_MISMATCH', `The exporter has no ${name} at ${where}, ${what}`)
}
