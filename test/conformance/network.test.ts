import { describeNetwork } from '../../src/conformance/index.ts'
import { TcpNetwork } from '../../src/drivers/index.ts'
import { startEchoServer } from './support/echo-server.ts'

describeNetwork(
  'TcpNetwork',
  async () => {
    const server = await startEchoServer()
    return { ...server, driver: new TcpNetwork({ host: '127.0.0.1', port: server.port }) }
  },
  { against: 'a TCP server of Node.js' },
)
