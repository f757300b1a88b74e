import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { Daemon } from '../../support/daemon.ts'
import { freePort } from '../../support/free-port.ts'

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
  const server = await Daemon.start(['ser2net', '-n', '-c', file, '-P', join(folder.path, 'pid')], {
    ready: async () => {
      const socket = connect({ port, host: '127.0.0.1' })
      await once(socket, 'connect').finally(() => socket.destroy())
    },
  })
  return {
    url: `rfc2217://127.0.0.1:${port}`,
    /** Ends it as a crash does. */
    kill: () => server.kill(),
    restart: () => server.restart(),
    async [Symbol.asyncDispose]() {
      await server.kill()
      await folder.remove()
    },
  }
}
