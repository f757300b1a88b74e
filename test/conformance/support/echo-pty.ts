import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { untilSucceeds } from '../../support/until-succeeds.ts'

/** A pseudo terminal that sends back what it gets, as a serial port whose TX and RX are joined. */
export interface EchoPty extends AsyncDisposable {
  readonly path: string
  /** Removes the terminal, as when a USB adapter is pulled out. */
  interrupt(): Promise<void>
  /** Makes it again at the same path. */
  restore(): Promise<void>
}

/** Starts socat, which makes the terminal. */
export async function startEchoPty(): Promise<EchoPty> {
  const folder = await createPrivateFolder()
  const path = join(folder.path, 'port')
  const start = async () => {
    // Blocks that fit into the pipe, so that socat never waits for itself.
    const socat = execa('socat', ['-b', '4096', `pty,raw,echo=0,link=${path}`, 'PIPE'], { reject: false })
    await untilSucceeds('the pseudo terminal', () => access(path))
    return { socat }
  }
  let running = await start()
  const interrupt = async () => {
    running.socat.kill('SIGKILL')
    await running.socat
    await rm(path, { force: true })
  }
  return {
    path,
    interrupt,
    async restore() {
      running = await start()
    },
    async [Symbol.asyncDispose]() {
      await interrupt()
      await folder.remove()
    },
  }
}
