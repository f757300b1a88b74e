import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Driver, DriverClient, type Implementation, type ResourceHandle, serve } from '../../src/index.ts'
import { FlasherClient } from '../../src/clients/index.ts'
import { Flasher } from '../../src/interfaces/index.ts'
import { needsCommand } from '../support/system-part.ts'
import { parseResourceHandle, parseStreamRequest } from '../../src/protocol/resources.ts'

class MemoryFlasher extends Driver implements Implementation<typeof Flasher> {
  static readonly interface = Flasher
  image: Buffer = Buffer.alloc(0)
  target: string | null | undefined

  async flash(image: ResourceHandle, target?: string | null) {
    this.image = await buffer(await this.resource(image))
    this.target = target
    if (target === 'broken') throw new Error('verification failed at 0x40')
  }

  async dump(image: ResourceHandle) {
    const stream = await this.resource(image)
    stream.end(this.image)
    await new Promise((resolve, reject) => stream.on('finish', resolve).on('error', reject))
  }
}

/** Compressible, and larger than every buffer on the way. */
const image = Buffer.concat([Buffer.alloc(3_000_000, 'firmware '), randomBytes(500_000)])
const compress = {
  gzip: () => gzipSync(image),
  zstd: () => zstdCompressSync(image),
  xz: () => execFileSync('xz', ['-c', '-0'], { input: image, maxBuffer: 1e8 }),
  bz2: () => execFileSync('bzip2', ['-c', '-1'], { input: image, maxBuffer: 1e8 }),
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resources-'))
})
afterAll(() => rm(folder, { recursive: true }))

test.for(['gzip', 'zstd', 'xz', 'bz2'] as const)(
  'an image compressed with %s is flashed from a file',
  { timeout: 30_000 },
  async (encoding, { skip }) => {
    if (encoding === 'xz') needsCommand('xz', skip)
    if (encoding === 'bz2') needsCommand('bzip2', skip)
    const file = join(folder, `image.${encoding}`)
    await writeFile(file, compress[encoding]())
    const driver = new MemoryFlasher()
    await using flasher = await serve(driver, { client: FlasherClient })
    await flasher.flash(file, { encoding, target: 'boot' })
    expect(driver.image.equals(image)).toBe(true)
    expect(driver.target).toBe('boot')
  },
)

test('bytes and streams can be flashed, and dumped into a file', async () => {
  const driver = new MemoryFlasher()
  await using flasher = await serve(driver, { client: FlasherClient })
  await flasher.flash(image)
  expect(driver.image.equals(image)).toBe(true)
  expect(driver.target).toBeUndefined()
  const file = join(folder, 'dump.bin')
  await flasher.dump(file)
  expect((await readFile(file)).equals(image)).toBe(true)
  await flasher.dump(file, { encoding: 'zstd' })
  expect((await readFile(file)).length).toBeLessThan(image.length / 2)
  await flasher.flash(file, { encoding: 'zstd' })
  expect(driver.image.equals(image)).toBe(true)
})

test('an image on a web server is fetched by the exporter', async () => {
  const server = createServer((_request, response) => response.end(image)).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const driver = new MemoryFlasher()
  await using flasher = await serve(driver, { client: FlasherClient })
  await flasher.flash(new URL(`http://127.0.0.1:${port}/image.bin`))
  expect(driver.image.equals(image)).toBe(true)
  server.close()
  await expect(flasher.flash(new URL('ftp://example.com/x'))).rejects.toThrow('goes to http or https, not ftp:')
})

test('the exporter closes a file when the call has returned, as clients that wait for it expect', async () => {
  class Careless extends MemoryFlasher {
    /** Reads only the beginning. */
    override async flash(handle: ResourceHandle) {
      const stream = await this.resource(handle)
      this.image = await new Promise((resolve) => stream.once('data', resolve))
    }
    /** Does not wait until all is written. */
    override async dump(handle: ResourceHandle) {
      const stream = await this.resource(handle)
      stream.end(image)
    }
  }
  await using flasher = await serve(new Careless(), { client: FlasherClient })
  const read = await flasher.resource()
  const ended = new Promise((resolve) => read.stream.once('end', resolve).resume())
  read.stream.write('only the beginning')
  await flasher.call('flash', read.handle)
  await ended
  const written = await flasher.resource('gzip')
  const content = buffer(written.stream)
  await flasher.call('dump', written.handle)
  expect(gunzipSync(await content).equals(image)).toBe(true)
})

describe('failures', () => {
  test('a file that is not there, a driver that fails, bytes that are not what they claim', async () => {
    await using flasher = await serve(new MemoryFlasher(), { client: FlasherClient })
    await expect(flasher.flash('/nowhere/x.bin')).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining('ENOENT'),
    })
    await expect(flasher.flash(image, { target: 'broken' })).rejects.toThrow('flash: verification failed at 0x40')
    await expect(flasher.flash(image, { encoding: 'gzip' })).rejects.toThrow('incorrect header check')
    await expect(flasher.flash(image, { encoding: 'xz' })).rejects.toMatchObject({ code: 'IMAGE_INVALID' })
    await flasher.flash(image)
  })

  test('a handle is good once, and only for its driver', async () => {
    await using client = await serve(new MemoryFlasher(), { client: DriverClient })
    const { stream, handle } = await client.resource()
    stream.end('x')
    await client.call('flash', handle)
    await expect(client.call('flash', handle)).rejects.toThrow('a handle is good for one use')
    await expect(client.call('flash', { kind: 'file' })).rejects.toThrow(`resource handle has kind "file"`)
    await expect(client.call('flash', 7)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  })

  test.each([
    [undefined, 'is missing'],
    ['{', 'is not JSON'],
    ['[]', 'is not a JSON object'],
    ['{"kind":"driver"}', "no string 'uuid'"],
    ['{"kind":"driver","uuid":"u"}', "no string 'method'"],
    ['{"kind":"disk","uuid":"u"}', 'has kind "disk"'],
    ['{"kind":"resource","uuid":"u","x_jmp_content_encoding":"rar"}', 'content encoding "rar" is not known'],
  ])('stream request %s', (request, message) => {
    expect(() => parseStreamRequest(request)).toThrow(message)
  })

  test('handles with bad URLs or methods', () => {
    const handle = { kind: 'presigned_request', url: 'http://x/', method: 'GET', headers: { a: 'b' } }
    expect(parseResourceHandle(handle)).toEqual(handle)
    expect(() => parseResourceHandle({ ...handle, url: 'nonsense' })).toThrow('no valid url')
    expect(() => parseResourceHandle({ ...handle, method: 'DELETE' })).toThrow('neither GET nor PUT')
  })
})
