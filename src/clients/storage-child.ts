import { HardwareError } from '../errors.ts'
import type { WaitOptions } from '../protocol/channel.ts'
import type { DriverClient } from './driver-client.ts'
import { OpendalClient } from './opendal-client.ts'

/**
 * The storage below a server of files, with the limits of the server's client.
 *
 * @throws HardwareError DRIVERS_MISMATCH when the exporter has none there
 */
export function storageOf({ children, node }: DriverClient, limits: WaitOptions): OpendalClient {
  const storage = children['storage']
  if (storage instanceof OpendalClient) return storage.with(limits)
  const where = node.path === '' ? 'storage' : `${node.path}.storage`
  throw new HardwareError(
    'DRIVERS_MISMATCH',
    `The exporter has no storage at ${where}, ${storage === undefined ? 'nor anything else' : `but ${storage.clientPath}`}`,
  )
}
