import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect as connectSocket } from 'node:net'
import { join } from 'node:path'

import { afterEach, describe, expect, test, vi } from 'vitest'

import { MockPower } from '../../src/drivers/index.ts'
import { connect } from '../../src/index.ts'
import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { parseAddress } from '../../src/protocol/address.ts'
import { proxyFor } from '../../src/protocol/grpc/proxy.ts'
import { serveSession } from '../../src/runtime/service/server.ts'
import { Session } from '../../src/runtime/session.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

/** A proxy that leads every connection to one port, or refuses it. */
async function startProxy(port: number | undefined) {
  const asked: string[] = []
  const server = createServer()
  server.on('connect', (request, client) => {
    asked.push(request.url ?? '')
    client.on('error', () => undefined)
    if (port === undefined) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return
    }
    const target = connectSocket(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.pipe(target).pipe(client)
    })
    target.on('error', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    asked,
    address,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** An exporter on a unix socket, and on a port without TLS. */
async function startExporter() {
  const session = new Session(new MockPower())
  const folder = await createPrivateFolder()
  const local = await serveSession(session, { kind: 'unix', path: join(folder.path, 's.sock') })
  const remote = await serveSession(session, { kind: 'tcp', host: '127.0.0.1', port: 0 })
  await session.start()
  return {
    path: local.address,
    port: Number(remote.address.split(':')[1]),
    async [Symbol.asyncDispose]() {
      await local.close()
      await remote.close()
      await session.close()
      await folder.remove()
    },
  }
}

const insecure = { insecure: true, timeoutMs: 10_000 } as const

test('exporters of this machine are reached without the proxy', async () => {
  await using exporter = await startExporter()
  await using proxy = await startProxy(undefined)
  vi.stubEnv('http_proxy', `http://${proxy.address}`)
  for (const address of [exporter.path, `127.0.0.1:${exporter.port}`, `localhost:${exporter.port}`]) {
    const connection = await connect(address, insecure)
    await connection.channel.state()
    connection.close()
  }
  expect(proxy.asked).toEqual([])
})

test('other exporters are reached through the proxy', async () => {
  await using exporter = await startExporter()
  await using proxy = await startProxy(exporter.port)
  vi.stubEnv('http_proxy', `http://${proxy.address}`)
  const connection = await connect('board.example.test:1234', insecure)
  connection.close()
  expect(proxy.asked).toEqual(['board.example.test:1234'])
})

test.each(['no_proxy', 'NO_PROXY'])('exporters of %s are reached without the proxy', async (variable) => {
  await using proxy = await startProxy(undefined)
  vi.stubEnv('https_proxy', `http://${proxy.address}`)
  vi.stubEnv(variable, 'example.test')
  const connected = connect('board.example.test:1234', insecure)
  await expect(connected).rejects.toMatchObject({
    code: 'CONNECTION_FAILED',
    message: expect.stringContaining('resol'),
  })
  await expect(connected).rejects.not.toThrow(/proxy/)
  expect(proxy.asked).toEqual([])
})

test('a proxy that refuses, and one that does not answer, are named, and the password is not', async () => {
  await using proxy = await startProxy(undefined)
  for (const address of [proxy.address, '127.0.0.1:9']) {
    vi.stubEnv('https_proxy', `http://user:geheim@${address}`)
    const connected = connect('board.example.test:1234', insecure)
    const message = `Cannot connect to board.example.test:1234 through the proxy ${address} (https_proxy): the proxy does not answer, or it refuses`
    await expect(connected).rejects.toThrow(message)
    await expect(connected).rejects.not.toThrow(/geheim|undefined/)
  }
})

describe('proxyFor', () => {
  const via = (host: string, list: string) =>
    proxyFor(parseAddress(`${host}:80`), { http_proxy: 'http://proxy:3128', NO_PROXY: list }) !== undefined

  test.each([
    ['a.test', '', true],
    ['127.3.2.1', '', false],
    ['[::1]', '', false],
    ['board.localhost', '', false],
    ['a.test', '*', false],
    ['a.test', 'b.test, A.test', false],
    ['x.a.test', '.a.test', false],
    ['x.a.test', '*.a.test', false],
    ['xa.test', 'a.test', true],
    ['a.test', 'a.test:80', false],
    ['10.1.2.3', '10.0.0.0/8', false],
    ['11.1.2.3', '10.0.0.0/8', true],
    ['[fd00::1]', 'fd00::/8', false],
    ['10.1.2.3', '10.0.0.0/99', true],
    ['10.1.2.3', '10.1.2.3', false],
  ])('%s with NO_PROXY=%j goes through the proxy: %s', (host, list, expected) => {
    expect(via(host, list)).toBe(expected)
  })

  test('names the proxy and its variable', () => {
    const address = parseAddress('a.test:80')
    expect(proxyFor(address, { http_proxy: 'http://u:p@proxy:3128/' })).toBe('proxy:3128 (http_proxy)')
    expect(proxyFor(address, { http_proxy: 'http://a:1', https_proxy: 'http://b:2' })).toBe('b:2 (https_proxy)')
    expect(proxyFor(address, { http_proxy: 'nonsense' })).toBe('whose address is no URL (http_proxy)')
    expect(proxyFor(parseAddress('/s.sock'), { http_proxy: 'http://a:1' })).toBeUndefined()
  })
})
