import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Duplex, Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'

import { byteStream, defineInterface, Driver, serve } from '../../src/index.ts'

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
