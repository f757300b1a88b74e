import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'

import { NetworkClient, PowerClient } from '../../src/clients/index.ts'
import { EchoNetwork, MockPower, TcpNetwork, UdpNetwork, UnixNetwork } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { createPrivateFolder } from '../../src/base/private-folder.ts'
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
    [{ host: 'board.invalid', port: 8080, enable_address: true }, 'tcp://board.invalid:8080'],
    [{ host: '2001:db8::1', port: 22 }, 'tcp://[2001:db8::1]:22'],
  ])('of %j has an address', async (config, address) => {
    await using network = await serve(new TcpNetwork(config), { client: NetworkClient })
    expect(await network.address()).toBe(address)
    expect(new URL(address).port).toBe(String(config.port))
  })

  test('has an address without names, which the client may not know', async () => {
    for (const Network of [TcpNetwork, UdpNetwork]) {
      await using network = await serve(new Network({ host: 'localhost', port: 22 }), { client: NetworkClient })
      expect(await network.address()).toMatch(/^(?:tcp|udp):\/\/(?:127\.0\.0\.1|\[::1\]):22$/)
    }
  })

  test('can be connected though its address is hidden', async () => {
    const { port } = await device(echo)
    const config = { host: '127.0.0.1', port, enable_address: false }
    await using network = await serve(new TcpNetwork(config), { client: NetworkClient })
    const stream = await network.connect()
    stream.end('x')
    expect(await text(stream)).toBe('x')
    await using udp = await serve(new UdpNetwork(config), { client: NetworkClient })
    await using opened = await udp.connect()
    expect(opened.destroyed).toBe(false)
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
    [{ host: 5, port: 22 }, 'host is 5; it has to be a text'],
    [{ host: 'h' }, 'port is missing; it has to be a number from 1 to 65535'],
    [{ host: 'h', port: '22' }, 'port is "22"; it has to be a number from 1 to 65535'],
    [{ host: 'h', port: 0 }, 'port is 0'],
    [{ host: 'h', port: 65_536 }, 'port is 65536'],
    [{ host: 'h', port: 1.5 }, 'port is 1.5'],
    [{ host: 'h', port: 22, enable_address: 'no' }, 'enable_address is "no"; it has to be true or false'],
    [{ host: 'h', prot: 22 }, /^port is missing.*; prot is an unknown key; known keys: host, port, enable_address$/],
  ])('refuses %j, and so does UdpNetwork', (config, message) => {
    expect(() => new TcpNetwork(config as never)).toThrow(message)
    expect(() => new UdpNetwork(config as never)).toThrow(message)
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

  test.each([
    [{}, 'path is missing'],
    [{ path: '' }, 'path is missing'],
    [{ path: 3 }, 'path is 3'],
    [{ path: '/x', port: 1 }, 'port is an unknown key; known keys: path'],
  ])('refuses %j', (config, message) => {
    expect(() => new UnixNetwork(config as never)).toThrow(message)
  })
})

describe('UdpNetwork', { timeout: 30_000 }, () => {
  /** Answers every datagram with itself, in angle brackets. */
  async function udpDevice(host = '127.0.0.1', family: 'udp4' | 'udp6' = 'udp4') {
    const socket = createSocket(family)
    const got: Buffer[] = []
    socket.on('message', (datagram, { port, address }) => {
      got.push(datagram)
      socket.send(`<${datagram.toString('latin1')}>`, port, address)
    })
    socket.bind(0, host)
    await once(socket, 'listening')
    cleanups.push(() => socket.close())
    return { socket, got, port: socket.address().port }
  }

  test('has one chunk for each datagram, both ways', async () => {
    const { port, got } = await udpDevice()
    await using network = await serve(new UdpNetwork({ host: 'localhost', port }), { client: NetworkClient })
    const stream = await network.connect()
    const answers = stream.iterator({ destroyOnReturn: false })
    for (const datagram of ['a', 'bc', 'def']) stream.write(datagram)
    const chunks: string[] = []
    while (chunks.length < 3) chunks.push(String((await answers.next()).value))
    expect(chunks).toEqual(['<a>', '<bc>', '<def>'])
    expect(got.map(String)).toEqual(['a', 'bc', 'def'])
    stream.destroy()
  })

  test('carries the largest datagram there is, and refuses a larger one', async () => {
    const { port, got } = await udpDevice()
    await using network = await serve(new UdpNetwork({ host: '127.0.0.1', port }), { client: NetworkClient })
    const stream = await network.connect()
    stream.write(Buffer.alloc(65_507))
    await expect.poll(() => got.map(({ length }) => length), { timeout: 15_000 }).toEqual([65_507])
    stream.write(Buffer.alloc(65_508))
    await expect(text(stream)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining('can have 65507 bytes, and this one has 65508 or more'),
    })
    const other = await network.connect()
    other.write(Buffer.alloc(100_000))
    await expect(text(other)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    expect(got).toHaveLength(1)
  })

  test('keeps connections apart', async () => {
    const { port } = await udpDevice()
    await using network = await serve(new UdpNetwork({ host: '127.0.0.1', port }), { client: NetworkClient })
    const streams = await Promise.all([network.connect(), network.connect()])
    for (const [index, stream] of streams.entries()) stream.write(String(index))
    const answers = await Promise.all(streams.map(async (stream) => String((await once(stream, 'data'))[0])))
    expect(answers).toEqual(['<0>', '<1>'])
  })

  test('tells when nobody listens', async () => {
    const { port, socket } = await udpDevice()
    cleanups.pop()
    socket.close()
    await once(socket, 'close')
    await using network = await serve(new UdpNetwork({ host: '127.0.0.1', port }), { client: NetworkClient })
    const stream = await network.connect()
    stream.write('anybody?')
    await expect(text(stream)).rejects.toMatchObject({
      code: 'DEVICE_IO',
      message: expect.stringMatching(new RegExp(`udp://127.0.0.1:${port}: .*ECONNREFUSED`)),
    })
  })

  test('tells when the host is unknown', async () => {
    const config = { host: 'nowhere.invalid', port: 5 }
    await using network = await serve(new UdpNetwork(config), { client: NetworkClient })
    await expect(network.connect()).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'board' })
  })

  test('loses what a client does not read, and goes on', async () => {
    const { port, socket } = await udpDevice()
    const { promise: client, resolve } = Promise.withResolvers<{ port: number; address: string }>()
    socket.once('message', (_datagram, from) => resolve(from))
    await using network = await serve(new UdpNetwork({ host: '127.0.0.1', port }), { client: NetworkClient })
    const stream = await network.connect()
    stream.write('here I am')
    const { port: to, address } = await client
    const flood = Buffer.alloc(60_000, 'f')
    for (let n = 0; n < 400; n++) {
      await new Promise<void>((done) => socket.send(flood, to, address, () => done()))
    }
    let last: string | undefined
    stream.on('data', (chunk: Buffer) => (last = chunk.subarray(0, 5).toString()))
    await expect
      .poll(
        () => {
          socket.send('alive', to, address)
          return last
        },
        { timeout: 15_000 },
      )
      .toBe('alive')
  })

  test('is reached by IPv6 too, and closes its sockets', async ({ skip }) => {
    const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
    if (!hasIpv6) skip('no IPv6 here')
    const { port } = await udpDevice('::1', 'udp6')
    const driver = new UdpNetwork({ host: '::1', port })
    await using network = await serve(driver, { client: NetworkClient })
    const stream = await network.connect()
    stream.write('x')
    expect(String((await once(stream, 'data'))[0])).toBe('<x>')
    driver.close()
    await expect(text(stream)).rejects.toThrow('The connection has been closed')
  })

  test.each([
    [{ host: '192.0.2.1', port: 53 }, 'udp://192.0.2.1:53'],
    [{ host: '2001:db8::1', port: 53 }, 'udp://[2001:db8::1]:53'],
  ])('of %j has an address', async (config, address) => {
    await using network = await serve(new UdpNetwork(config), { client: NetworkClient })
    expect(await network.address()).toBe(address)
    await using silent = await serve(new UdpNetwork({ ...config, enable_address: false }), { client: NetworkClient })
    await expect(silent.address()).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
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
