import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { OpendalClient } from '../../src/clients/index.ts'
import { OpendalDriver } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { createPrivateFolder, type PrivateFolder } from '../../src/base/private-folder.ts'
import { CompositeDriver } from '../../src/runtime/composite-driver.ts'

const image = Buffer.concat([randomBytes(300_001), Buffer.alloc(2_000_000, 'image ')])

/** Shows its open files. */
class WatchedStorage extends OpendalDriver {
  readonly opened: string[] = []
  override async open(...args: Parameters<OpendalDriver['open']>) {
    const fd = await super.open(...args)
    this.opened.push(fd)
    return fd
  }
}

let folder: PrivateFolder
let local: string
let driver: WatchedStorage
let storage: OpendalClient & AsyncDisposable
beforeEach(async () => {
  folder = await createPrivateFolder()
  local = join(folder.path, 'local')
  driver = new WatchedStorage({ scheme: 'fs', kwargs: { root: join(folder.path, 'root') } })
  storage = await serve(driver, { client: OpendalClient })
})
afterEach(async () => {
  await storage[Symbol.asyncDispose]()
  await folder.remove()
})

test('is what a driver of its interface gets', async () => {
  await using root = await serve(new CompositeDriver({ storage: new OpendalDriver({ scheme: 'memory' }) }))
  expect(root.storage).toBeInstanceOf(OpendalClient)
})

test.each([0, 1, 64 * 1024, 256 * 1024, image.length])('writes and reads %i bytes', async (length) => {
  const bytes = image.subarray(0, length)
  await storage.writeBytes('x', bytes)
  expect((await storage.readBytes('x')).equals(bytes)).toBe(true)
})

test('writes over what was there', async () => {
  await storage.writeBytes('x', image)
  await storage.writeBytes('x', Buffer.from('short'))
  expect(String(await storage.readBytes('x'))).toBe('short')
})

test('writes from files, streams and web servers, and reads into files and streams', async () => {
  await writeFile(local, image)
  await storage.writeFile('file', local)
  await storage.writeFile('stream', Readable.from([Buffer.from('a'), Buffer.from('stream')]))
  const server = createServer((_request, response) => response.end('from the web')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await storage.writeFile('web', new URL(`http://127.0.0.1:${port}/`))
  server.close()
  await storage.readFile('file', `${local}.copy`)
  expect((await readFile(`${local}.copy`)).equals(image)).toBe(true)
  expect(String(await storage.readBytes('stream'))).toBe('astream')
  expect(String(await storage.readBytes('web'))).toBe('from the web')
})

test('compresses and decompresses on the way', async () => {
  await storage.writeBytes('x', image)
  await storage.readFile('x', local, { encoding: 'gzip' })
  expect(gunzipSync(await readFile(local)).equals(image)).toBe(true)
  await storage.writeFile('y', local, { encoding: 'gzip' })
  expect(await storage.hash('y')).toBe(await storage.hash('x'))
})

test('tells of files and folders', async () => {
  await storage.writeBytes('a/x', Buffer.from('hello'))
  expect(await storage.stat('a/x')).toEqual({
    isFile: true,
    isDirectory: false,
    contentLength: 5,
    contentType: null,
    contentDisposition: null,
    contentMd5: null,
    etag: null,
  })
  expect(await storage.stat('a/')).toMatchObject({ isFile: false, isDirectory: true })
  await expect(storage.stat('b')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID', origin: 'test' })
})

test('makes, copies, renames and removes', async () => {
  await storage.createDir('a/b/')
  await storage.writeBytes('a/x', Buffer.from('x'))
  await storage.copy('a/x', 'a/b/y')
  await storage.rename('a/x', 'z')
  expect((await Array.fromAsync(storage.list())).toSorted()).toEqual(['/', 'a/', 'z'])
  expect((await Array.fromAsync(storage.scan('a/'))).toSorted()).toEqual(['a/', 'a/b/', 'a/b/y'])
  await storage.delete('z')
  await storage.delete('z')
  await storage.removeAll('a/')
  expect(await Promise.all(['z', 'a/', 'a/b/y'].map((path) => storage.exists(path)))).toEqual([false, false, false])
  await expect(storage.createDir('c')).rejects.toThrow('should end with `/`')
})

test('lists as far as it is asked', async () => {
  for (const name of ['a', 'b', 'c']) await storage.writeBytes(name, Buffer.from(name))
  for await (const path of storage.list()) {
    expect(path).toBe('/')
    break
  }
  expect(await storage.exists('a')).toBe(true)
})

test('tells what the storage can do', async () => {
  const capability = await storage.capability()
  expect(capability).toMatchObject({ copy: true, rename: true, createDir: true, presignRead: false })
  expect(Object.keys(capability)).toHaveLength(33)
  expect(Object.keys(capability).filter((name) => name.includes('_'))).toEqual([])
  await expect(storage.presignRead('x', 60)).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
})

test('touches nothing when the local file is not there', async () => {
  await storage.writeBytes('x', Buffer.from('x'))
  await expect(storage.writeFile('x', '/nowhere/x')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  expect(String(await storage.readBytes('x'))).toBe('x')
  await expect(storage.readFile('y', local)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  await expect(readFile(local)).rejects.toThrow('ENOENT')
  await expect(storage.readFile('x', '/nowhere/x')).rejects.toMatchObject({
    code: 'ARGUMENT_INVALID',
    message: expect.stringContaining('Cannot write the file: ENOENT'),
  })
})

test('closes its files, also when a call fails or is cancelled', async () => {
  await storage.writeBytes('x', image)
  const full = new Writable({ write: (_piece, _encoding, done) => done(new Error('the disk is full')) })
  await expect(storage.readFile('x', full)).rejects.toMatchObject({
    code: 'ARGUMENT_INVALID',
    message: 'Cannot write the file: the disk is full',
  })
  const controller = new AbortController()
  const endless = Readable.from(
    (async function* () {
      yield image
      await once(controller.signal, 'abort')
    })(),
  )
  const written = storage.with({ signal: controller.signal }).writeFile('y', endless)
  written.catch(() => undefined)
  await expect.poll(() => driver.opened.length).toBe(3)
  controller.abort()
  await expect(written).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
  expect(driver.opened.map((fd) => driver.fileClosed(fd))).toEqual([true, true, true])
})
