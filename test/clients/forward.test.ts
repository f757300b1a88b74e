import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { access, stat } from 'node:fs/promises'
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'

import { NetworkClient } from '../../src/clients/index.ts'
import { EchoNetwork, TcpNetwork } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { createPrivateFolder } from '../../src/base/private-folder.ts'

const mebibyte = randomBytes(1024 * 1024)
/** For what takes a moment, or a while on a busy machine. */
const patient = { timeout: 15_000 }
const servers: { server: Server; sockets: Socket[] }[] = []
afterEach(() => {
  for (const { server, sockets } of servers.splice(0)) {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
})

/** A device on the network. */
async function device(serveSocket: (socket: Socket) => void) {
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket.on('error', () => undefined))
    serveSocket(socket)
  })
  servers.push({ server, sockets })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { sockets, config: { host: '127.0.0.1', port: (server.address() as { port: number }).port } }
}

/** A program of the test's machine. */
function dial(options: NetConnectOpts): Socket {
  return connect({ ...options, allowHalfOpen: true }).on('error', () => undefined)
}

const serveEcho = () => serve(new EchoNetwork(), { client: NetworkClient })

describe('forwardTcp', { timeout: 30_000 }, () => {
  test('carries a mebibyte there and back, for several at once', async () => {
    await using network = await serveEcho()
    await using forward = await network.forwardTcp()
    expect(forward).toMatchObject({ host: '127.0.0.1', address: `127.0.0.1:${forward.port}` })
    const echoes = Array.from({ length: 5 }, async () => {
      const socket = dial(forward)
      socket.end(mebibyte)
      return (await buffer(socket)).equals(mebibyte)
    })
    expect(await Promise.all(echoes)).toEqual([true, true, true, true, true])
  })

  test('half-closes, both ways', async () => {
    const asks = await device((socket) => void text(socket).then((request) => socket.end(`got ${request}`)))
    await using first = await serve(new TcpNetwork(asks.config), { client: NetworkClient })
    await using toFirst = await first.forwardTcp()
    const client = dial(toFirst)
    client.end('question')
    expect(await text(client)).toBe('got question')

    const { promise, resolve } = Promise.withResolvers<string>()
    const greets = await device((socket) => {
      socket.end('welcome')
      void text(socket).then(resolve)
    })
    await using second = await serve(new TcpNetwork(greets.config), { client: NetworkClient })
    await using toSecond = await second.forwardTcp()
    const other = dial(toSecond)
    expect(await text(other)).toBe('welcome')
    other.end('thanks')
    expect(await promise).toBe('thanks')
  })

  test('ends every connection with itself, once', async () => {
    const { sockets, config } = await device(() => undefined)
    await using network = await serve(new TcpNetwork(config), { client: NetworkClient })
    const forward = await network.forwardTcp()
    const clients = [dial(forward), dial(forward)]
    await expect.poll(() => sockets, patient).toHaveLength(2)
    const closed = Promise.all([...clients, ...sockets].map((socket) => once(socket.resume(), 'end')))
    await Promise.all([forward[Symbol.asyncDispose](), forward[Symbol.asyncDispose]()])
    await forward[Symbol.asyncDispose]()
    await closed
    const late = connect(forward)
    await expect(once(late, 'connect')).rejects.toThrow('ECONNREFUSED')
    for (const client of clients) client.destroy()
  })

  test('hangs up at the device when the program breaks off, and that is no error', async () => {
    const errors: Error[] = []
    const { sockets, config } = await device((socket) => socket.resume())
    await using network = await serve(new TcpNetwork(config), { client: NetworkClient })
    await using forward = await network.forwardTcp({ onError: (error) => errors.push(error) })
    const client = dial(forward)
    await expect.poll(() => sockets, patient).toHaveLength(1)
    client.resetAndDestroy()
    await once(sockets[0] as Socket, 'end')
    expect(errors).toEqual([])
  })

  test('tells why a connection cannot be opened, and resets it', async () => {
    const errors: Error[] = []
    await using network = await serve(new TcpNetwork({ host: '127.0.0.1', port: 1 }), { client: NetworkClient })
    await using forward = await network.forwardTcp({ onError: (error) => errors.push(error) })
    const client = dial(forward)
    await new Promise((resolve) => client.resume().once('close', resolve))
    await expect
      .poll(() => errors, patient)
      .toMatchObject([{ code: 'DEVICE_IO', message: expect.stringContaining('REFUSED') }])
  })

  test('tells when the device breaks off', async () => {
    const errors: Error[] = []
    const { config } = await device((socket) => socket.once('data', () => socket.resetAndDestroy()))
    await using network = await serve(new TcpNetwork(config), { client: NetworkClient })
    await using forward = await network.forwardTcp({ onError: (error) => errors.push(error) })
    const client = dial(forward)
    client.write('x')
    await new Promise((resolve) => client.resume().once('close', resolve))
    await expect
      .poll(() => errors, patient)
      .toMatchObject([{ code: 'DEVICE_IO', message: expect.stringContaining('RESET') }])
  })

  test('says when the port is taken', async () => {
    await using network = await serveEcho()
    await using forward = await network.forwardTcp()
    await expect(network.forwardTcp({ port: forward.port })).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining(`Cannot listen on 127.0.0.1:${forward.port}: listen EADDRINUSE`),
    })
  })
})

describe('forwardUnix', { timeout: 30_000 }, () => {
  test('listens in a folder of its own, and removes it', async () => {
    await using network = await serveEcho()
    let path = ''
    {
      await using forward = await network.forwardUnix()
      ;({ path } = forward)
      expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700)
      const socket = dial({ path })
      socket.end(mebibyte)
      expect((await buffer(socket)).equals(mebibyte)).toBe(true)
    }
    await expect(access(join(path, '..'))).rejects.toThrow('ENOENT')
  })

  test('listens where it is told to', async () => {
    const folder = await createPrivateFolder()
    try {
      await using network = await serveEcho()
      const path = join(folder.path, 'device.sock')
      {
        await using forward = await network.forwardUnix({ path })
        expect(forward.path).toBe(path)
        const socket = dial({ path })
        socket.end('hello')
        expect(await text(socket)).toBe('hello')
      }
      await expect(access(path)).rejects.toThrow('ENOENT')
      await expect(network.forwardUnix({ path: '/nowhere/device.sock' })).rejects.toMatchObject({
        code: 'ARGUMENT_INVALID',
      })
    } finally {
      await folder.remove()
    }
  })
})
