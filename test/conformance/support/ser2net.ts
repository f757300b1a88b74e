import { writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { execa } from 'execa'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { untilSucceeds } from '../../support/until-succeeds.ts'

/** Finds a TCP port that nobody uses. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Starts ser2net, which serves a serial port by TCP.
 *
 * @param protocol `telnet(rfc2217)`, `telnet` or nothing for raw bytes
 */
export async function startSer2net(device: string, protocol: string) {
  const folder = await createPrivateFolder()
  const port = await freePort()
  const file = join(folder.path, 'ser2net.yaml')
  const accepter = [protocol, 'tcp', `127.0.0.1,${port}`].filter(Boolean).join(',')
  const lines = ['connection: &port', `  accepter: ${accepter}`, `  connector: serialdev,${device},115200n81,local`]
  await writeFile(file, `${lines.join('\n')}\n`)
  const start = async () => {
    const process = execa('ser2net', ['-n', '-c', file, '-P', join(folder.path, 'pid')], { reject: false, all: true })
    await untilSucceeds('the port of ser2net', async () => {
      const socket = connect({ port, host: '127.0.0.1' })
      await once(socket, 'connect').finally(() => socket.destroy())
    })
    // In an object, because a process is a promise of its end.
    return { process }
  }
  let server = await start()
  return {
    url: `rfc2217://127.0.0.1:${port}`,
    /** Ends it as a crash does. */
    async kill() {
      server.process.kill('SIGKILL')
      await server.process
    },
    async restart() {
      server = await start()
    },
    async [Symbol.asyncDispose]() {
      await this.kill()
      await folder.remove()
    },
  }
}
