import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'

import { NetworkClient, PowerClient } from '../../src/clients/index.ts'
import { EchoNetwork, MockPower, TcpNetwork, UnixNetwork } from '../../src/drivers/index.ts'
import { driverTypes } from '../../src/drivers/types.ts'
import { serve } from '../../src/index.ts'
import { createPrivateFolder } from '../../src/private-folder.ts'
import { openSession } from '../support/session.ts'

const mebibyte = randomBytes(1024 * 1024)

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

/** A device on the network: listens on a free port, or on a socket. */
async function device(serveSocket: (socket: Socket) => void, path?: string): Promise<{ server: Server; port: number }> {
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket.on('error', () => undefined))
    serveSocket(socket)
  })
  server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path })
  await once(server, 'listening')
  cleanups.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  return { server, port: typeof address === 'object' ? (address?.port ?? 0) : 0 }
}

const echo = (socket: Socket) => void socket.pipe(socket)

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const { server, port } = await device(echo)
  server.close()
  await once(server, 'close')
  return port
}

describe('EchoNetwork', () => {
  test('sends back what it gets, to its end', async () => {
    await using network = await serve(new EchoNetwork(), { client: NetworkClient })
    const stream = await network.connect()
    stream.end(mebibyte)
    expect((await buffer(stream)).equals(mebibyte)).toBe(true)
  })

  test('keeps connections apart, and has no address', async () => {
    await using network = await serve(new EchoNetwork(), { client: NetworkClient })
    const [a, b] = await Promise.all([network.connect(), network.connect()])
    a.end('a')
    b.end('b')
    expect(await Promise.all([text(a), text(b)])).toEqual(['a', 'b'])
    await expect(network.address()).rejects.toMatchObject({ code: 'METHOD_NOT_FOUND' })
  })
})

describe('TcpNetwork', () => {
  test('carries a mebibyte there and back', async () => {
    const { port } = await device(echo)
    await using network = await serve(new TcpNetwork({ host: '127.0.0.1', port }), { client: NetworkClient })
    const stream = await network.connect()
    stream.end(mebibyte)
    expect((await buffer(stream)).equals(mebibyte)).toBe(true)
  })

  test('half-closes: the device answers after it has got everything', async () => {
    const { port } = await device((socket) => {
      void text(socket).then((request) => socket.end(`got ${request}`))
    })
    await using network = await serve(new TcpNetwork({ host: 'localhost', port }), { client: NetworkClient })
    const stream = await network.connect()
    stream.write('one ')
    stream.end('two')
    expect(await text(stream)).toBe('got one two')
  })

  test('half-closes the other way: the device ends first and still listens', async () => {
    const { promise: received, resolve } = Promise.withResolvers<string>()
    const { port } = await device((socket) => {
      socket.end('welcome')
      void text(socket).then(resolve)
    })
    await using network = await serve(new TcpNetwork({ host: '127.0.0.1', port }), { client: NetworkClient })
    const stream = await network.connect()
    expect(await text(stream)).toBe('welcome')
    stream.end('thanks')
    expect(await received).toBe('thanks')
  })

  test('hangs up when the client does', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const { port } = await device((socket) => {
      // Not only its half of the connection: what the device goes on sending is refused.
      socket.resume().on('end', () => {
        const timer = setInterval(() => socket.write('still there?'), 5)
        socket.on('close', () => resolve(clearInterval(timer)))
      })
    })
    await using network = await serve(new TcpNetwork({ host: '127.0.0.1', port }), { client: NetworkClient })
    const stream = await network.connect()
    stream.destroy()
    await closed
  })

  test('tells when the device hangs up', async () => {
    const { port } = await device((socket) => socket.resetAndDestroy())
    await using network = await serve(new TcpNetwork({ host: '127.0.0.1', port }), { client: NetworkClient })
    const read = network.connect().then((stream) => text(stream))
    await expect(read).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'board',
      message: expect.stringContaining('ECONNRESET'),
    })
  })

  test('tells when the device refuses', async () => {
    const port = await closedPort()
    await using network = await serve(new TcpNetwork({ host: '127.0.0.1', port }), { client: NetworkClient })
    await expect(network.connect()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'board',
      message: `connect: connect ECONNREFUSED 127.0.0.1:${port}`,
    })
  })

  test.each([
    [{ host: '192.0.2.1', port: 22 }, 'tcp://192.0.2.1:22'],
    [{ host: 'board.example', port: 8080, enable_address: true }, 'tcp://board.example:8080'],
    [{ host: '2001:db8::1', port: 22 }, 'tcp://[2001:db8::1]:22'],
  ])('of %j has an address', async (config, address) => {
    await using network = await serve(new TcpNetwork(config), { client: NetworkClient })
    expect(await network.address()).toBe(address)
    expect(new URL(address).port).toBe(String(config.port))
  })

  test('keeps its address to itself where it is told to', async () => {
    const config = { host: '192.0.2.1', port: 22, enable_address: false }
    await using network = await serve(new TcpNetwork(config), { client: NetworkClient })
    const failure = network.address()
    await expect(failure).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await expect(failure).rejects.toThrow('enable_address: false')
    await expect(failure).rejects.not.toThrow('192.0.2.1')
  })

  test.each([
    [{}, 'host is missing'],
    [{ host: '', port: 22 }, 'host is missing'],
    [{ host: 5, port: 22 }, 'host is missing'],
    [{ host: 'h' }, 'port is undefined; it has to be a number from 1 to 65535'],
    [{ host: 'h', port: '22' }, 'port is 22'],
    [{ host: 'h', port: 0 }, 'port is 0'],
    [{ host: 'h', port: 65_536 }, 'port is 65536'],
    [{ host: 'h', port: 1.5 }, 'port is 1.5'],
  ])('refuses %j', (config, message) => {
    expect(() => new TcpNetwork(config as never)).toThrow(message)
  })
})

describe('UnixNetwork', () => {
  test('carries bytes both ways, to their end, and has no address', async () => {
    const folder = await createPrivateFolder()
    cleanups.push(() => folder.remove())
    const path = join(folder.path, 'device.sock')
    await device(echo, path)
    await using network = await serve(new UnixNetwork({ path }), { client: NetworkClient })
    const stream = await network.connect()
    stream.end(mebibyte)
    expect((await buffer(stream)).equals(mebibyte)).toBe(true)
    await expect(network.address()).rejects.toMatchObject({ code: 'METHOD_NOT_FOUND' })
  })

  test('tells when there is no such socket', async () => {
    await using network = await serve(new UnixNetwork({ path: '/nowhere/device.sock' }), { client: NetworkClient })
    await expect(network.connect()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'board',
      message: 'connect: connect ENOENT /nowhere/device.sock',
    })
  })

  test.each([{}, { path: '' }, { path: 3 }])('refuses %j', (config) => {
    expect(() => new UnixNetwork(config as never)).toThrow('path is missing')
  })
})

describe('MockPower', () => {
  test('measures 0 V, 0 A and then 5 V, 2 A', async () => {
    await using power = await serve(new MockPower(), { client: PowerClient })
    expect(await Array.fromAsync(power.read())).toEqual([
      { voltage: 0, current: 0 },
      { voltage: 5, current: 2 },
    ])
  })

  test('notes what it is told', async () => {
    await using open = await openSession(new MockPower(), { connect: { rootClient: PowerClient } })
    await open.session.start()
    await (open.root as PowerClient).cycle({ offMs: 0 })
    const logs = open.channel.logs()
    const lines = [await logs.next(), await logs.next()].map(({ value }) => value?.message)
    await logs.return()
    expect(lines).toEqual(['[driver.MockPower] power off', '[driver.MockPower] power on'])
  })
})

test('the types of upstream lead to these drivers', async () => {
  const classes = await Promise.all(Array.from(driverTypes, async ([type, load]) => [type, await load()] as const))
  expect(Object.fromEntries(classes)).toMatchObject({
    'jumpstarter_driver_power.driver.MockPower': MockPower,
    'jumpstarter_driver_power.driver.SyncMockPower': MockPower,
    'jumpstarter_driver_network.driver.EchoNetwork': EchoNetwork,
    'jumpstarter_driver_network.driver.TcpNetwork': TcpNetwork,
    'jumpstarter_driver_network.driver.UnixNetwork': UnixNetwork,
  })
})
