import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { execa } from 'execa'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { call, defineInterface, Driver, type Implementation, serve } from '../../src/index.ts'
import type { ResourceHandle } from '../../src/interfaces/index.ts'
import { hashInThread } from '../../src/runtime/content/pool.ts'
import { needsCommand } from '../support/system-part.ts'

const Images = defineInterface({
  client: 'test.ImagesClient',
  methods: {
    store: call<(image: ResourceHandle) => number>(),
    hold: call<(image: ResourceHandle) => void>(),
    send: call<(image: ResourceHandle) => void>(),
  },
})

class ImageStore extends Driver implements Implementation<typeof Images> {
  static readonly interface = Images
  content: Buffer
  readonly events = new EventTarget()

  constructor(content: Buffer = Buffer.alloc(0)) {
    super()
    this.content = content
  }

  async store(image: ResourceHandle) {
    const chunks: Buffer[] = []
    for await (const chunk of await this.resource(image)) {
      chunks.push(chunk as Buffer)
      this.events.dispatchEvent(new Event('chunk'))
    }
    this.content = Buffer.concat(chunks)
    return this.content.length
  }

  /** Opens the file and does not read it. */
  async hold(image: ResourceHandle) {
    const file = await this.resource(image)
    await once(file, 'close')
  }

  async send(image: ResourceHandle) {
    const file = await this.resource(image)
    file.end(this.content)
    await once(file, 'finish')
  }
}

const encodings = ['gzip', 'zstd', 'xz', 'bz2'] as const
type Encoding = (typeof encodings)[number]

async function pack(encoding: Encoding, content: Buffer): Promise<Buffer> {
  if (encoding === 'gzip') return gzipSync(content)
  if (encoding === 'zstd') return zstdCompressSync(content)
  const { stdout } = await execa(encoding === 'xz' ? 'xz' : 'bzip2', ['--stdout'], {
    input: content,
    encoding: 'buffer',
  })
  return Buffer.from(stdout)
}

async function unpack(encoding: Encoding, packed: Buffer): Promise<Buffer> {
  if (encoding === 'gzip') return gunzipSync(packed)
  if (encoding === 'zstd') return zstdDecompressSync(packed)
  const command = encoding === 'xz' ? 'xz' : 'bzip2'
  const { stdout } = await execa(command, ['--decompress', '--stdout'], { input: packed, encoding: 'buffer' })
  return Buffer.from(stdout)
}

const content = Buffer.concat([randomBytes(1_000_000), Buffer.alloc(250_000, 'text ')])

describe.each(encodings)('a file compressed with %s', (encoding) => {
  test.beforeEach(({ skip }) => needsCommand(encoding === 'bz2' ? 'bzip2' : 'xz', skip))

  test('is decompressed on its way to the driver', async () => {
    const store = new ImageStore()
    await using client = await serve(store)
    const { stream, handle } = await client.resource(encoding)
    stream.end(await pack(encoding, content))
    expect(await client.store(handle)).toBe(content.length)
    expect(store.content.equals(content)).toBe(true)
  })

  test('may consist of several compressed files in a row', async () => {
    const store = new ImageStore()
    await using client = await serve(store)
    const { stream, handle } = await client.resource(encoding)
    stream.end(Buffer.concat([await pack(encoding, Buffer.from('one, ')), await pack(encoding, Buffer.from('two'))]))
    await client.store(handle)
    expect(String(store.content)).toBe('one, two')
  })

  test('is compressed on its way from the driver', async () => {
    await using client = await serve(new ImageStore(content))
    const { stream, handle } = await client.resource(encoding)
    const [received] = await Promise.all([stream.toArray(), client.send(handle)])
    expect((await unpack(encoding, Buffer.concat(received as Buffer[]))).equals(content)).toBe(true)
  })

  test.each([
    ['is cut short', (packed: Buffer) => packed.subarray(0, packed.length / 2), /end of file/],
    ['is something else', () => Buffer.alloc(200_000, 'no archive '), /header|magic|frame/],
  ])('fails the call when it %s', async (_what, damage, reason) => {
    await using client = await serve(new ImageStore())
    const { stream, handle } = await client.resource(encoding)
    stream.on('error', () => undefined)
    stream.end(damage(await pack(encoding, content)))
    await expect(client.store(handle)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringMatching(reason),
    })
  })

  test('fails the call when its sender goes away in the middle', async () => {
    const store = new ImageStore()
    await using client = await serve(store)
    const { stream, handle } = await client.resource(encoding)
    const stored = client.store(handle)
    stored.catch(() => undefined)
    const arrived = once(store.events, 'chunk')
    stream.write((await pack(encoding, content)).subarray(0, 1_500_000))
    await arrived
    stream.destroy()
    await expect(stored).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(store.content).toHaveLength(0)
  })
})

test('an upload that breaks off fails instead of giving a short file', async () => {
  const store = new ImageStore()
  await using client = await serve(store)
  const { stream, handle } = await client.resource()
  const stored = client.store(handle)
  stored.catch(() => undefined)
  const arrived = once(store.events, 'chunk')
  stream.write(content.subarray(0, 1000))
  await arrived
  stream.destroy()
  await expect(stored).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
})

test.each([null, ...encodings])(
  'a file (%s) that the driver has opened and does not read may break off',
  async (encoding) => {
    await using client = await serve(new ImageStore())
    const { stream, handle } = await client.resource(encoding)
    const held = client.hold(handle)
    held.catch(() => undefined)
    stream.write('something')
    setTimeout(() => stream.destroy(), 50)
    await Promise.allSettled([held])
    expect(await client.store((await closedResource(client)).handle)).toBe(5)
  },
)

async function closedResource(client: {
  resource(): Promise<{ stream: import('node:stream').Duplex; handle: ResourceHandle }>
}) {
  const opened = await client.resource()
  opened.stream.end('again')
  return opened
}

describe('without the programs that compress', () => {
  afterEach(() => vi.unstubAllEnvs())

  test.each(['xz', 'bz2'] as const)('%s is refused, and the exporter goes on', async (encoding) => {
    await using client = await serve(new ImageStore(content))
    vi.stubEnv('PATH', '/nonexistent')
    const { stream, handle } = await client.resource(encoding)
    stream.on('error', () => undefined).resume()
    await expect(client.send(handle)).rejects.toMatchObject({
      code: 'PROGRAM_MISSING',
      origin: 'lab',
      message: expect.stringMatching(/The program \w+ is not installed: apt install \w+/),
    })
  })
})

test.each(['sha256', 'md5'])('a thread computes the %s of a stream', async (algorithm) => {
  const slices = Array.from({ length: 64 }, (_, index) => content.subarray(index * 20_000, (index + 1) * 20_000))
  expect(await hashInThread(Readable.from(slices), algorithm)).toBe(createHash(algorithm).update(content).digest('hex'))
})

test('a hash fails with its source', async () => {
  async function* broken() {
    yield Buffer.from('some')
    throw new Error('the disk is gone')
  }
  await expect(hashInThread(broken(), 'sha256')).rejects.toThrow('the disk is gone')
})
