import { open } from 'node:fs/promises'
import { join } from 'node:path'

import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { rawPty, startSocat } from './socat.ts'

/** Two pseudo terminals that are joined, made by socat: what is written to one is read from the other. */
export async function createPtyPair() {
  const folder = await createPrivateFolder()
  const [port, device] = [join(folder.path, 'port'), join(folder.path, 'device')]
  const socat = await startSocat(rawPty(port), rawPty(device))
  return {
    /** The path that a driver opens … */
    port,
    /** … the other end, for a program in place of a device … */
    devicePath: device,
    /** … which the test holds open. */
    device: await open(device, 'r+'),
    /** Ends both terminals, as when a USB adapter is pulled out. */
    unplug: () => socat.kill(),
    async [Symbol.asyncDispose]() {
      await this.device.close()
      await socat.kill()
      await folder.remove()
    },
  }
}
