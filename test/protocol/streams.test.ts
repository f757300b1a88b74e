import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Duplex, Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'

import { byteStream, defineInterface, Driver, serve } from '../../src/index.ts'
import { FrameType } from '../../src/protocol/generated/jumpstarter/v1/router_pb.ts'
import { RouterStream } from '../../src/protocol/router-stream.ts'

const Pipe = defineInterface({
  client: 'test.Pipe',
  methods: { source: byteStream(), sink: byteStream(), device: byteStream() },
})

const total = 64 * 1024 * 1024

/** Makes 64 MiB, as fast as it is taken, and counts what was taken. */
class Source extends Driver {
  static readonly interface = Pipe
  produced = 0
  readonly hash = createHash('sha256')
  received = 0
  readonly receivedHash = createHash('sha256')

  source() {
    const next = (): Buffer | null => {
      if (this.produced >= total) return null
      const chunk = Buffer.alloc(64 * 1024, this.produced / (64 * 1024))
      this.produced += chunk.length
      this.hash.update(chunk)
      return chunk
    }
    return new Duplex({
      read() {
        this.push(next())
      },
      write: (_chunk, _encoding, done) => done(),
    })
  }

  sink() {
    return new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        this.received += chunk.length
        this.receivedHash.update(chunk)
        setImmediate(done)
      },
      final(done) {
        this.push(null)
        done()
      },
    })
  }

  opened: Duplex | undefined
  device() {
    this.opened = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    return this.opened
  }
}

/** A device that says nothing, and takes bytes slowly. */
class Listener extends Driver {
  static readonly interface = Pipe
  received = 0
  readonly ended = Promise.withResolvers<string>()

  source(): Duplex {
    throw new Error('it has none')
  }

  sink() {
    return this.source()
  }

  device() {
    const stream = new Duplex({
      read() {
        this.push(null)
      },
      write: (chunk: Buffer, _encoding, done) => {
        this.received += chunk.length
        setTimeout(done, 5)
      },
      final: (done) => {
        this.ended.resolve('ended')
        done()
      },
    })
    stream.on('error', (error) => this.ended.resolve(String(error)))
    return stream.once('close', () => this.ended.resolve('closed before the end'))
  }
}

test.each([1, 100_000, 1_000_000])(
  'a device that has ended its side first gets %i bytes, and the end',
  async (length) => {
    const driver = new Listener()
    await using client = await serve(driver)
    const stream = await client.device()
    await once(stream.resume(), 'end')
    stream.end(Buffer.alloc(length))
    expect([await driver.ended.promise, driver.received]).toEqual(['ended', length])
  },
)

test('64 MiB arrive intact, and no faster than they are read', { timeout: 60_000 }, async () => {
  const driver = new Source()
  await using client = await serve(driver)
  const stream = await client.source()
  const hash = createHash('sha256')
  let read = 0
  let ahead = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (read === 0) await delay(300)
    read += chunk.length
    hash.update(chunk)
    ahead = Math.max(ahead, driver.produced - read)
  }
  expect(read).toBe(total)
  expect(hash.digest('hex')).toBe(driver.hash.digest('hex'))
  expect(ahead, 'bytes in flight').toBeLessThan(8 * 1024 * 1024)
})

test('64 MiB are taken no faster than the device writes them', { timeout: 60_000 }, async () => {
  const driver = new Source()
  await using client = await serve(driver)
  const stream = await client.sink()
  const hash = createHash('sha256')
  let sent = 0
  let ahead = 0
  const source = Readable.from(
    (function* () {
      for (; sent < total;) {
        const chunk = Buffer.alloc(256 * 1024, sent / (256 * 1024))
        sent += chunk.length
        hash.update(chunk)
        ahead = Math.max(ahead, sent - driver.received)
        yield chunk
      }
    })(),
    { highWaterMark: 1 },
  )
  source.pipe(stream)
  stream.resume()
  await new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject))
  expect(driver.received).toBe(total)
  expect(driver.receivedHash.digest('hex')).toBe(hash.digest('hex'))
  expect(ahead, 'bytes in flight').toBeLessThan(8 * 1024 * 1024)
})

test("frames keep their bounds, whatever the reader's pace", async () => {
  const driver = new Source()
  await using client = await serve(driver)
  const stream = await client.device()
  for (const size of [1, 2, 65_536, 3]) driver.opened?.push(Buffer.alloc(size))
  driver.opened?.push(null)
  await delay(100)
  const sizes: number[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) sizes.push(chunk.length)
  expect(sizes).toEqual([1, 2, 65_536, 3])
})

test("the client's end leaves the device open for reading; destroying the stream closes it", async () => {
  const driver = new Source()
  await using client = await serve(driver)
  const stream = await client.device()
  stream.end('bye')
  await expect.poll(() => driver.opened?.writableFinished).toBe(true)
  expect(driver.opened?.destroyed).toBe(false)
  driver.opened?.push('still here')
  const [chunk] = await once(stream, 'data')
  expect(String(chunk)).toBe('still here')
  stream.destroy()
  await expect.poll(() => driver.opened?.destroyed).toBe(true)
})

test('the error of a device comes after all that was taken from it', async () => {
  const driver = new Source()
  await using client = await serve(driver)
  const stream = await client.device()
  const device = driver.opened as Duplex
  let sent = 0
  // Until nothing is taken any more, because nobody reads.
  for (; device.readableLength === 0; sent += 4096) {
    device.push(Buffer.alloc(4096))
    for (let turn = 0; turn < 20 && device.readableLength > 0; turn++) await delay(10)
  }
  const lost = device.readableLength
  device.destroy(new Error('unplugged'))
  await delay(100)
  let read = 0
  const failed = async () => {
    for await (const chunk of stream as AsyncIterable<Buffer>) read += chunk.length
  }
  await expect(failed()).rejects.toThrow('unplugged')
  expect(read).toBe(sent - lost)
})

test('the error of a device comes after what has come before it, and is read later', async () => {
  const driver = new Source()
  await using client = await serve(driver)
  const stream = await client.device()
  for (const word of ['the ', 'last ', 'words']) driver.opened?.push(word)
  let text = ''
  const failed = async () => {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (text === '') {
        await delay(100)
        driver.opened?.destroy(new Error('unplugged'))
        await delay(100)
      }
      text += String(chunk)
    }
  }
  await expect(failed()).rejects.toThrow('unplugged')
  expect(text).toBe('the last words')
})

test('a device that is gone ends the stream, and writing to it fails', async () => {
  const driver = new Source()
  await using client = await serve(driver)
  const stream = await client.device()
  const ended = new Promise((resolve) => stream.on('end', resolve).on('error', resolve).resume())
  driver.opened?.destroy()
  await ended
  const written = new Promise((resolve) => stream.write('x', resolve))
  expect(await written).toBeInstanceOf(Error)
})

test('a device that fails passes its error on', async () => {
  const driver = new Source()
  await using client = await serve(driver)
  const stream = await client.device()
  const failed = new Promise((resolve) => stream.on('error', resolve).resume())
  driver.opened?.destroy(new Error('cable pulled'))
  expect(await failed).toMatchObject({ message: expect.stringContaining('cable pulled') })
})

test.each([
  ['is held up', 'a write'],
  ['is done with its last write', 'the end'],
])('a client that only writes, and %s, gets the error of the broken connection with %s', async (state) => {
  const call = new Readable({ objectMode: true, read() {} })
  const isHeldUp = state === 'is held up'
  const end = { halfCloseDelayMs: 0, write: () => !isHeldUp, finished() {}, closed() {} }
  const stream = new RouterStream(call, end)
  const failed = new Promise((resolve) => stream.once('error', resolve))
  // A board talks, and nobody reads it.
  for (let line = 0; line < 100; line++) call.push({ frameType: FrameType.DATA, payload: Buffer.from('unread\n') })
  stream.write('x')
  await delay(10)
  stream.fail(new Error('cable cut'))
  stream.endCall()
  if (!isHeldUp) stream.end()
  expect(await failed).toMatchObject({ message: 'cable cut' })
})
