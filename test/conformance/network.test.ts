import { join } from 'node:path'

import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { describeNetwork } from '../../src/conformance/index.ts'
import { EchoNetwork, TcpNetwork, UdpNetwork, UnixNetwork } from '../../src/drivers/index.ts'
import { startEchoServer } from './support/echo-server.ts'
import { startUdpEcho } from './support/udp-echo.ts'

describeNetwork(
  'TcpNetwork',
  async () => {
    const server = await startEchoServer()
    return { ...server, driver: new TcpNetwork({ host: '127.0.0.1', port: server.port }) }
  },
  { against: 'a TCP server of Node.js' },
)

describeNetwork(
  'UnixNetwork',
  async () => {
    const folder = await createPrivateFolder()
    const path = join(folder.path, 'server.sock')
    const server = await startEchoServer(path)
    return {
      ...server,
      driver: new UnixNetwork({ path }),
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]()
        await folder.remove()
      },
    }
  },
  { against: 'a server of Node.js on a unix socket', lacks: { address: 'a unix socket has no address elsewhere' } },
)

describeNetwork(
  'UdpNetwork',
  async () => {
    const peer = await startUdpEcho()
    return { ...peer, driver: new UdpNetwork({ host: '127.0.0.1', port: peer.port }) }
  },
  {
    against: 'a UDP socket of Node.js',
    // One datagram at a time: none may be lost.
    echo: { chunkBytes: 8192, windowBytes: 8192, totalBytes: 1024 * 1024 },
    lacks: { interrupt: 'UDP does not tell that the other side has gone before the next datagram' },
  },
)

describeNetwork('EchoNetwork', () => ({ driver: new EchoNetwork() }), {
  against: 'no endpoint: the driver simulates it',
  lacks: { address: 'there is no endpoint', interrupt: 'there is no endpoint that could go away' },
})
