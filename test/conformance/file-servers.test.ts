import { randomUUID } from 'node:crypto'
import { assert } from 'vitest'

import { HttpServerClient, TftpServerClient } from '../../src/clients/index.ts'
import { describeDriver } from '../../src/conformance/index.ts'
import { testBytes } from '../../src/conformance/echo.ts'
import { HttpServerDriver, Tftp } from '../../src/drivers/index.ts'
import { HttpServer, TftpServer } from '../../src/interfaces/index.ts'
import { missingCommand } from '../support/system-part.ts'
import { curl } from '../support/tftp-clients.ts'

const lacks = { interrupt: 'the driver itself is the server' }
const address = { host: '127.0.0.1', port: 0 }
const content = testBytes(20_000)

describeDriver('HttpServer', () => ({ driver: new HttpServerDriver(address) }), {
  against: 'fetch of Node.js',
  kind: 'HTTP server',
  interface: HttpServer,
  client: HttpServerClient,
  async use(server) {
    await server.start()
    const url = await server.putFile(randomUUID(), content)
    const received = await (await fetch(url)).bytes()
    assert(content.equals(received), 'another content')
  },
  lacks,
})

describeDriver('Tftp', () => ({ driver: new Tftp(address) }), {
  against: 'curl',
  skip: missingCommand('curl'),
  kind: 'TFTP server',
  interface: TftpServer,
  client: TftpServerClient,
  async use(server) {
    await server.start()
    const name = randomUUID()
    await server.storage.writeBytes(name, content)
    assert(content.equals(await curl(await server.port(), name)), 'another content')
  },
  lacks,
})
