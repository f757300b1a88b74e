import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { WebSocket } from 'ws'
import { expect, test, vi } from 'vitest'

import { NetworkClient } from '../../src/clients/index.ts'
import { describeNetwork } from '../../src/conformance/index.ts'
import { WebsocketNetwork, type WebsocketNetworkConfig } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { createCertificates } from '../support/certificates.ts'
import { startWebsocketServer } from './support/websocket-server.ts'

const open = (config: WebsocketNetworkConfig) => serve(new WebsocketNetwork(config), { client: NetworkClient })

const echo = (socket: WebSocket) =>
  socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }))

describeNetwork(
  'WebsocketNetwork',
  async () => {
    const server = await startWebsocketServer(echo)
    return { ...server, driver: new WebsocketNetwork({ url: server.url }) }
  },
  { against: 'a server of the package ws' },
)

test('a message is a chunk, both ways, whatever its bytes', async () => {
  await using server = await startWebsocketServer(echo)
  await using network = await open({ url: server.url })
  const stream = await network.connect()
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  const messages = [every, Buffer.from('a'), randomBytes(60_000), Buffer.from('the end')]
  for (const message of messages) stream.write(message)
  for (const message of messages) expect(await once(stream, 'data')).toEqual([message])
  stream.destroy()
  await vi.waitFor(() => expect(server.clients.size).toBe(0))
})

test('text messages are read as UTF-8, and the first one is not lost', async () => {
  await using server = await startWebsocketServer((socket) => {
    socket.send('grüße 🔌')
    socket.send('')
    socket.send(' and goodbye')
    socket.close(1000)
  })
  await using network = await open({ url: server.url })
  expect(await text(await network.connect())).toBe('grüße 🔌 and goodbye')
})

test('messages are sent as binary ones', async () => {
  const { promise: received, resolve } = Promise.withResolvers<readonly [string, boolean]>()
  await using server = await startWebsocketServer((socket) => {
    socket.on('message', (data, isBinary) => resolve([(data as Buffer).toString('hex'), isBinary]))
  })
  await using network = await open({ url: server.url })
  await using stream = await network.connect()
  stream.write(Buffer.from([0xff, 0x00, 0xfe]))
  expect(await received).toEqual(['ff00fe', true])
})

test('a reader that does not read stops the server', async () => {
  const [chunk, count] = [randomBytes(256 * 1024), 160]
  let sent = 0
  await using server = await startWebsocketServer((socket) => {
    const send = () => {
      if (sent < count) socket.send(chunk, () => (sent++, send()))
    }
    send()
  })
  await using network = await open({ url: server.url })
  const stream = await network.connect()
  // The server stops as soon as the buffers on the way are full.
  let before = -1
  await vi.waitFor(
    () => {
      const isStill = sent > 0 && sent === before
      before = sent
      expect(isStill).toBe(true)
    },
    { interval: 200, timeout: 20_000 },
  )
  expect(sent).toBeLessThan(count / 2)
  const stopped = sent
  stream.resume()
  await vi.waitFor(() => expect(sent).toBeGreaterThan(stopped), { timeout: 10_000 })
  stream.destroy()
})

test('a close with a code of a failure is an error, and the other codes are an end', async () => {
  await using server = await startWebsocketServer((socket, path) => {
    if (path === '/killed') socket.terminate()
    else socket.close(Number(path.slice(1)), 'out of order')
  })
  for (const code of [1000, 1001]) {
    await using network = await open({ url: `${server.url}/${code}` })
    expect(await text(await network.connect())).toBe('')
  }
  for (const [path, message] of [
    ['1011', 'code 1011 out of order'],
    ['4000', 'code 4000 out of order'],
    ['killed', 'code 1006'],
  ]) {
    await using network = await open({ url: `${server.url}/${path}` })
    const failed = network.connect().then(text)
    await expect(failed).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'board',
      message: expect.stringContaining(message ?? ''),
    })
  }
})

test('a server that refuses, is not there, or does not answer is a fault of the lab', async () => {
  await using server = await startWebsocketServer(echo, { refuse: () => 403 })
  const secret = `${server.url.replace('//', '//user:hunter2@')}/events?token=hunter3`
  await using refused = await open({ url: secret })
  const error: unknown = await refused.connect().catch((failure: unknown) => failure)
  expect(error).toMatchObject({ code: 'DEVICE_IO', origin: 'lab', message: expect.stringContaining('/events: ') })
  expect(String(error)).toContain('403')
  expect(String(error)).not.toContain('hunter')
  expect(await refused.address()).toBe(secret)
  await using closed = await open({ url: 'ws://127.0.0.1:1', enable_address: false })
  await expect(closed.connect()).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
  await expect(closed.address()).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
})

test('a caller that gives up ends the attempt', async () => {
  const sockets: Socket[] = []
  const silent = createServer((socket) => sockets.push(socket.resume().on('error', () => undefined)))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  await using network = await open({ url: `ws://127.0.0.1:${port}` })
  await expect(network.with({ timeoutMs: 200 }).connect()).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
  await vi.waitFor(() => expect(sockets.map(({ readableEnded, closed }) => readableEnded || closed)).toEqual([true]))
  for (const socket of sockets) socket.destroy()
  silent.close()
})

test('TLS, with an authority of the config', async () => {
  await using tls = await createCertificates()
  await using server = await startWebsocketServer(echo, { tls })
  await using trusting = await open({ url: server.url, ca: tls.caFile })
  const stream = await trusting.connect()
  stream.write('ping')
  expect(String((await once(stream, 'data'))[0])).toBe('ping')
  stream.destroy()
  await using doubting = await open({ url: server.url })
  await expect(doubting.connect()).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
})

test('check() tells whether the package and the server are there', async () => {
  await using server = await startWebsocketServer(echo)
  expect(await WebsocketNetwork.check({ url: server.url }, {})).toMatchObject([{ isMet: true }, { isMet: true }])
  expect(await WebsocketNetwork.check({ url: 'ws://127.0.0.1:1' }, {})).toMatchObject([
    { isMet: true },
    { isMet: false },
  ])
})
