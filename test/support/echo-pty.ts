import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { rawPty, startSocat } from './socat.ts'

/** A pseudo terminal that sends back what it gets, as a serial port whose TX and RX are joined. */
export interface EchoPty extends AsyncDisposable {
  readonly path: string
  /** Removes the terminal, as when a USB adapter is pulled out. */
  interrupt(): Promise<void>
  /** Makes it again at the same path. */
  restore(): Promise<void>
}

/** Makes the terminal. */
export async function startEchoPty(): Promise<EchoPty> {
  const folder = await createPrivateFolder()
  const path = join(folder.path, 'tty')
  // Blocks that fit into the pipe, so that socat never waits for itself.
  const socat = await startSocat(rawPty(path), 'PIPE', ['-b', '4096'])
  const interrupt = async () => {
    await socat.kill()
    await rm(path, { force: true })
  }
  return {
    path,
    interrupt,
    restore: () => socat.restart(),
    async [Symbol.asyncDispose]() {
      await interrupt()
      await folder.remove()
    },
  }
}
