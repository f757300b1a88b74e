import { createHash, randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { Duplex, PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'

import {
  byteStream,
  call,
  connect,
  defineInterface,
  Driver,
  DriverClient,
  HardwareError,
  streaming,
} from '../../../src/index.ts'
import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { ServedSession } from '../../../src/runtime/served-session.ts'
import { Session } from '../../../src/runtime/session.ts'

const size = 16 * 1024 * 1024

const Device = defineInterface({
  client: 'test.Device',
  methods: {
    source: byteStream({ idempotent: true }),
    sink: byteStream({ idempotent: true }),
    echo: byteStream({ idempotent: true }),
    socket: byteStream(),
    held: byteStream({ idempotent: true }),
    on: call({ idempotent: true }),
    press: call(),
    readings: streaming<() => number>({ idempotent: true }),
    events: streaming<() => number>(),
  },
})

class SlowDevice extends Driver {
  static readonly interface = Device
  readonly content = randomBytes(size)
  calls: string[] = []
  produced = 0
  readonly received: Buffer[] = []

  source() {
    this.produced = 0
    const next = () => this.content.subarray(this.produced, (this.produced += 64 * 1024))
    return new Duplex({
      read() {
        const chunk = next()
        this.push(chunk.length === 0 ? null : chunk)
      },
      write: (_chunk, _encoding, done) => done(),
    })
  }
  sink() {
    return new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        this.received.push(chunk)
        setImmediate(done)
      },
      final(done) {
        this.push(null)
        done()
      },
    })
  }
  echo() {
    this.calls.push('echo')
    return new PassThrough()
  }
  socket() {
    return new PassThrough()
  }
  ends = 0
  /** Answers the end of the second connection alone. */
  held() {
    const stream: Duplex = new Duplex({
      read() {},
      write: (_chunk, _encoding, done) => done(),
      final: (done) => {
        if (++this.ends === 2) stream.push(null)
        done()
      },
    })
    return stream
  }
  /** The first of these calls has no answer before the connection is cut. */
  async on() {
    this.calls.push('on')
    if (this.calls.length === 1) await delay(10_000)
  }
  async press() {
    this.calls.push('press')
    if (this.calls.length === 1) await delay(10_000)
  }
  async *readings() {
    this.calls.push('readings')
    yield this.calls.length
    await delay(this.calls.length === 1 ? 10_000 : 0)
  }
  events() {
    return this.readings()
  }
}

/** A session behind something that can be cut, and a client of it that connects again. */
async function start(reconnectTimeoutMs = 5_000) {
  const driver = new SlowDevice()
  const session = await ServedSession.start(new Session(driver))
  const folder = await createPrivateFolder()
  const path = join(folder.path, 'tunnel.sock')
  const sockets = new Set<Socket>()
  let isDown = false
  let carried = 0
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (isDown) return void socket.destroy()
    const other = connectSocket({ path: session.address, allowHalfOpen: true })
    for (const one of [socket, other]) {
      sockets.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        socket.destroy()
        other.destroy()
      })
    }
    other.on('data', ({ length }: Buffer) => (carried += length))
    socket.pipe(other).pipe(socket)
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  class Client extends DriverClient<typeof Device> {
    static readonly interface = Device
  }
  const connection = await connect(path, { reconnectTimeoutMs, rootClient: Client })
  const cut = async (ms = 0) => {
    isDown = true
    for (const socket of sockets) socket.destroy()
    await delay(ms)
    isDown = false
  }
  onTestFinished(async () => {
    connection.close()
    server.close()
    await session.close()
    await folder.remove()
  })
  /** The number of bytes that have come from the session so far. */
  const carriedBytes = () => carried
  return { path, driver, connection, cut, carriedBytes, session, client: connection.root as Client }
}

test('bytes are the same as without it, and come no faster than they are read', { timeout: 60_000 }, async () => {
  const { client, driver } = await start()
  const source = await client.stream('source')
  const hash = createHash('sha256')
  let [read, ahead] = [0, 0]
  for await (const chunk of source as AsyncIterable<Buffer>) {
    if (read === 0) await delay(300)
    read += chunk.length
    hash.update(chunk)
    ahead = Math.max(ahead, driver.produced - read)
  }
  expect(hash.digest('hex')).toBe(createHash('sha256').update(driver.content).digest('hex'))
  expect(ahead, 'bytes in flight').toBeLessThan(8 * 1024 * 1024)
  const sink = await client.stream('sink')
  sink.end(driver.content)
  expect(await Array.fromAsync(sink as AsyncIterable<Buffer>)).toEqual([])
  expect(Buffer.concat(driver.received).equals(driver.content)).toBe(true)
})

test('a stream that is idempotent goes on, and what is written meanwhile waits', async () => {
  const { client, driver, cut } = await start()
  const echo = await client.stream('echo')
  let seen = ''
  echo.on('data', (chunk: Buffer) => (seen += String(chunk)))
  echo.write('one ')
  await expect.poll(() => seen).toBe('one ')
  const back = cut(500)
  await vi.waitUntil(() => driver.calls.length === 1)
  await delay(100)
  echo.write('two')
  await back
  await expect.poll(() => seen).toBe('one two')
  expect(driver.calls).toEqual(['echo', 'echo'])
  echo.destroy()
})

test('bytes that had come when the connection broke are not lost, though nobody had read them', async () => {
  const { client, cut, carriedBytes } = await start()
  const echo = await client.stream('echo')
  const before = carriedBytes()
  const frames = Array.from({ length: 4 }, (_, frame) => Buffer.alloc(32 * 1024, String(frame)))
  for (const frame of frames) echo.write(frame)
  await vi.waitUntil(() => carriedBytes() - before >= 4 * 32 * 1024, { timeout: 20_000 })
  // Nothing can be seen of a stream that is not read.
  await delay(200)
  await cut()
  echo.end()
  expect(Buffer.concat(await Array.fromAsync(echo as AsyncIterable<Buffer>)).equals(Buffer.concat(frames))).toBe(true)
})

test('a stream that has been ended stays so', async () => {
  const { client, driver, cut } = await start()
  const socket = await client.stream('held')
  socket.resume()
  const ended = new Promise((resolve) => socket.once('end', () => resolve('ended')))
  socket.end('all')
  await expect.poll(() => driver.ends).toBe(1)
  await cut(200)
  expect(await ended).toBe('ended')
  expect(driver.ends).toBe(2)
})

test('a stream that is not fails with the connection', async () => {
  const { client, cut } = await start()
  const socket = await client.stream('socket')
  const ended = new Promise((resolve) => socket.once('error', resolve))
  socket.resume()
  await cut()
  expect(await ended).toMatchObject({ code: 'CONNECTION_LOST', origin: 'wire' })
})

test('a call is made again only if it is idempotent', async () => {
  const idempotent = await start()
  const on = idempotent.client.call('on')
  await vi.waitUntil(() => idempotent.driver.calls.length === 1)
  await idempotent.cut(200)
  await on
  expect(idempotent.driver.calls).toEqual(['on', 'on'])
  const other = await start()
  const press = other.client.call('press')
  press.catch(() => undefined)
  await vi.waitUntil(() => other.driver.calls.length === 1)
  await other.cut(200)
  await expect(press).rejects.toMatchObject({
    code: 'CONNECTION_LOST',
    origin: 'wire',
    message: expect.stringContaining('nobody knows whether the call was done'),
    details: { method: 'press', address: other.path },
  })
  expect(other.driver.calls).toEqual(['press'])
  // What had not been sent yet is.
  await other.cut(0)
  await other.client.call('on')
})

test('a streaming call goes on in the same way', async () => {
  const idempotent = await start()
  const readings = idempotent.client.streamingCall('readings')
  expect(await readings.next()).toEqual({ done: false, value: 1 })
  const next = readings.next()
  await idempotent.cut(200)
  expect(await next).toEqual({ done: false, value: 2 })
  await readings.return()
  const other = await start()
  const events = other.client.streamingCall('events')
  await events.next()
  const lost = events.next()
  lost.catch(() => undefined)
  await other.cut(200)
  await expect(lost).rejects.toMatchObject({ code: 'CONNECTION_LOST', origin: 'wire' })
})

test('tunnels may be there only after a while at the beginning, too', async () => {
  const { path, cut } = await start()
  const tunnels = { reconnectTimeoutMs: 5_000, tunnels: true }
  const back = cut(800)
  const connection = await connect(path, tunnels)
  connection.close()
  await back
  const gone = cut(3_000)
  await expect(connect(path, { ...tunnels, timeoutMs: 500 })).rejects.toMatchObject({
    code: 'CALL_TIMEOUT',
    origin: 'lab',
  })
  await gone
})

test('without tunnels, an exporter that does not answer at the beginning is an error at once, with the reason if there is one', async () => {
  const { path, cut } = await start()
  const gone = cut(1_000)
  const begin = performance.now()
  await expect(connect(path, { reconnectTimeoutMs: 5_000 })).rejects.toMatchObject({ code: 'CONNECTION_FAILED' })
  const reason = new HardwareError('EXPORTER_FAILED', 'it was killed')
  await expect(connect(path, { reconnectTimeoutMs: 5_000, whenLost: async () => reason })).rejects.toMatchObject({
    code: 'EXPORTER_FAILED',
    message: 'GetReport: it was killed',
  })
  expect(performance.now() - begin).toBeLessThan(900)
  await gone
})

test('who gives up, or closes, is not kept waiting', async () => {
  const { client, connection, cut } = await start(30_000)
  const back = cut(3_000)
  await expect(client.with({ timeoutMs: 300 }).call('on')).rejects.toMatchObject({
    code: 'CALL_TIMEOUT',
    origin: 'wire',
  })
  const reason = new Error('enough')
  const signal = AbortSignal.abort(reason)
  await expect(client.with({ signal }).call('on')).rejects.toMatchObject({ code: 'CALL_CANCELLED', cause: reason })
  const waiting = client.call('on')
  waiting.catch(() => undefined)
  await delay(100)
  const begin = performance.now()
  connection.close()
  await expect(waiting).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  expect(performance.now() - begin).toBeLessThan(1_500)
  await back
})

test('there is a limit to how long it is tried', async () => {
  const { client, cut } = await start(1_000)
  const back = cut(3_000)
  await expect(client.call('on')).rejects.toMatchObject({
    code: 'CONNECTION_LOST',
    origin: 'wire',
    message: expect.stringMatching(/^on: .* could not be reached again within 1000 ms/),
    details: { method: 'on', limitMs: 1000 },
  })
  await back
})

test('errors name the call that waits, and not the request that looks for the exporter', async () => {
  const { client, path, cut, session } = await start(30_000)
  const back = cut(300)
  const waiting = client.call('on')
  waiting.catch(() => undefined)
  await session.close()
  await back
  await expect(client.with({ timeoutMs: 500 }).call('on')).rejects.toMatchObject({
    code: 'CALL_TIMEOUT',
    message: `on: the connection to ${path} was lost, and not there again in the time of the call`,
    // What is left of the call's time when the connection is found to be lost.
    details: {
      method: 'on',
      address: path,
      limitMs: expect.toSatisfy((limitMs: number) => limitMs > 0 && limitMs <= 500),
    },
  })
  await rm(path)
  await expect(waiting).rejects.toMatchObject({ code: 'LEASE_LOST', message: `on: ${path}: the lease is over` })
})
