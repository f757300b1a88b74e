import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'

import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { untilSucceeds } from './until-succeeds.ts'

/** Two pseudo terminals that are joined, made by socat: what is written to one is read from the other. */
export async function createPtyPair() {
  const folder = await createPrivateFolder()
  const [port, device] = [join(folder.path, 'port'), join(folder.path, 'device')]
  const socat = execa('socat', [`pty,raw,echo=0,link=${port}`, `pty,raw,echo=0,link=${device}`], { reject: false })
  const exists = async (path: string) => open(path, 'r+').then((file) => file.close())
  await untilSucceeds('the pseudo terminals', () => Promise.all([exists(port), exists(device)]))
  return {
    /** The path that a driver opens … */
    port,
    /** … the other end, for a program in place of a device … */
    devicePath: device,
    /** … which the test holds open. */
    device: await open(device, 'r+'),
    /** Ends both terminals, as when a USB adapter is pulled out. */
    async unplug() {
      socat.kill('SIGKILL')
      await socat
    },
    async [Symbol.asyncDispose]() {
      await this.device.close()
      await this.unplug()
      await folder.remove()
    },
  }
}
