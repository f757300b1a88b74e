import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { startEchoPty } from '../../support/echo-pty.ts'
import { freePort, freeUdpPort } from '../../support/free-port.ts'
import type { Surroundings } from './exporter-file.ts'

/** What the exporters' drivers lead to: endpoints that send back what they get, a serial port, and storage. */
export async function createSurroundings(): Promise<Surroundings & AsyncDisposable> {
  const folder = await createPrivateFolder()
  await mkdir(join(folder.path, 'storage'))
  const unixSocket = join(folder.path, 'echo.sock')
  const tcp = await listen(echoServer(), 0)
  const unix = await listen(echoServer(), unixSocket)
  const udp = createSocket('udp4')
  udp.on('message', (message, { port, address }) => udp.send(message, port, address))
  udp.bind(0, '127.0.0.1')
  await once(udp, 'listening')
  const [tftpPort, httpPort] = [await freeUdpPort(), await freePort()]
  const serial = await startEchoPty()
  return {
    folder: folder.path,
    serialPort: serial.path,
    unixSocket,
    tcpPort: (tcp.address() as AddressInfo).port,
    udpPort: udp.address().port,
    tftpPort,
    httpPort,
    async [Symbol.asyncDispose]() {
      tcp.close()
      unix.close()
      udp.close()
      await serial[Symbol.asyncDispose]()
      await folder.remove()
    },
  }
}

function echoServer(): Server {
  return createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
}

async function listen(server: Server, where: number | string): Promise<Server> {
  if (typeof where === 'number') server.listen(where, '127.0.0.1')
  else server.listen(where)
  await once(server, 'listening')
  return server
}
