import { access, constants, readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { platform } from 'node:process'

import { HardwareError } from '../../errors.ts'

/** The folder in which udev makes links to serial ports under permanent names. */
const portsById = '/dev/serial/by-id'

/**
 * Checks that the device of a port exists and can be used. It does not open the port, because that resets many boards.
 *
 * @throws HardwareError DEVICE_IO with the path, and the existing ports
 */
export async function requireDevice(path: string): Promise<void> {
  // A port such as COM3 is not a file.
  if (platform === 'win32') return
  try {
    await access(path, constants.R_OK | constants.W_OK)
  } catch (cause) {
    const denied = (cause as NodeJS.ErrnoException).code === 'EACCES'
    const why = denied ? 'may not be used by the exporter’s user (see the group of the device)' : 'is not there'
    const message = `The serial port ${path} ${why}. ${await listPorts()} (check_present: false leaves this check out)`
    throw new HardwareError('DEVICE_IO', message, { cause, origin: 'lab' })
  }
}

async function listPorts(): Promise<string> {
  try {
    const links = (await readdir(portsById)).map((name) => join(portsById, name))
    const ports = await Promise.all(links.map(async (link) => `${link} (${await realpath(link)})`))
    return ports.length === 0 ? `${portsById} is empty` : `There are ${ports.join(', ')}`
  } catch {
    return `There is no folder ${portsById}, so no USB serial port`
  }
}
