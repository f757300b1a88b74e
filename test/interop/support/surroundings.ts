import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { access, mkdir } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { vi } from 'vitest'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import type { Surroundings } from './exporter-file.ts'

/** What the exporters' drivers lead to: endpoints that send back what they get, a serial port, and storage. */
export async function createSurroundings(): Promise<Surroundings & AsyncDisposable> {
  const folder = await createPrivateFolder()
  await mkdir(join(folder.path, 'storage'))
  const unixSocket = join(folder.path, 'echo.sock')
  const serialPort = join(folder.path, 'ttyECHO')
  const tcp = await listen(echoServer(), 0)
  const unix = await listen(echoServer(), unixSocket)
  const udp = createSocket('udp4')
  udp.on('message', (message, { port, address }) => udp.send(message, port, address))
  udp.bind(0, '127.0.0.1')
  await once(udp, 'listening')
  const [tftpPort, httpPort] = [await freeUdpPort(), await freeTcpPort()]
  const socat = execa('socat', [`pty,raw,echo=0,link=${serialPort}`, 'exec:cat'], { reject: false })
  await vi.waitFor(() => access(serialPort), { timeout: 10_000 })
  return {
    folder: folder.path,
    serialPort,
    unixSocket,
    tcpPort: (tcp.address() as AddressInfo).port,
    udpPort: udp.address().port,
    tftpPort,
    httpPort,
    async [Symbol.asyncDispose]() {
      tcp.close()
      unix.close()
      udp.close()
      socat.kill('SIGKILL')
      await socat
      await folder.remove()
    },
  }
}

async function freeUdpPort(): Promise<number> {
  await using socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket.address().port
}

async function freeTcpPort(): Promise<number> {
  await using server = await listen(echoServer(), 0)
  return (server.address() as AddressInfo).port
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
