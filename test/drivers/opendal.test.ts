import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { access, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { OpendalClient } from '../../src/clients/index.ts'
import { type OpendalConfig, OpendalDriver } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { createPrivateFolder, type PrivateFolder } from '../../src/base/private-folder.ts'

/** Larger than every buffer on the way, and not a multiple of any. */
const image = Buffer.concat([randomBytes(300_001), Buffer.alloc(2_000_000, 'image ')])

let folder: PrivateFolder
let root: string
beforeEach(async () => {
  folder = await createPrivateFolder()
  root = join(folder.path, 'root')
  await mkdir(root)
})
afterEach(() => folder.remove())

function serveFolder(config: Partial<OpendalConfig> = {}) {
  return serve(new OpendalDriver({ scheme: 'fs', kwargs: { root }, ...config }), { client: OpendalClient })
}

/** Reads from the position of an open file. */
async function readOn(storage: OpendalClient, fd: string): Promise<string> {
  const { stream, handle } = await storage.resource()
  const [content] = await Promise.all([buffer(stream), storage.call('fileRead', fd, handle)])
  stream.destroy()
  return content.toString()
}

async function writeOn(storage: OpendalClient, fd: string, content: string): Promise<void> {
  const { stream, handle } = await storage.resource()
  stream.end(content)
  await storage.call('fileWrite', fd, handle).finally(() => stream.destroy())
}

describe('open files', () => {
  test('are read from where one has moved to', async () => {
    await writeFile(join(root, 'x'), 'hello world')
    await using storage = await serveFolder()
    const fd = await storage.call('open', 'x', 'rb')
    expect(await storage.call('fileSeek', fd, 6)).toBe(6)
    expect(await readOn(storage, fd)).toBe('world')
    expect(await storage.call('fileTell', fd)).toBe(11)
    expect(await readOn(storage, fd)).toBe('')
    expect(await storage.call('fileSeek', fd, -3, 2)).toBe(8)
    expect(await storage.call('fileSeek', fd, -1, 1)).toBe(7)
    expect(await readOn(storage, fd)).toBe('orld')
    expect(await storage.call('fileSeek', fd, 50)).toBe(50)
    expect(await readOn(storage, fd)).toBe('')
    expect(await storage.call('fileSeek', fd, 0)).toBe(0)
    expect(await readOn(storage, fd)).toBe('hello world')
  })

  test('are written one piece after another, and are complete when they are closed', async () => {
    await using storage = await serveFolder()
    const fd = await storage.call('open', 'new/x', 'wb')
    await writeOn(storage, fd, 'one ')
    await writeOn(storage, fd, 'two')
    await storage.call('fileClose', fd)
    await storage.call('fileClose', fd)
    expect(await readFile(join(root, 'new/x'), 'utf8')).toBe('one two')
  })

  test('tell what they can', async () => {
    await writeFile(join(root, 'x'), 'x')
    await using storage = await serveFolder()
    const flags = async (fd: string) => {
      const names = ['fileReadable', 'fileWritable', 'fileSeekable', 'fileClosed'] as const
      return Promise.all(names.map((name) => storage.call(name, fd)))
    }
    const read = await storage.call('open', 'x', 'rb')
    const write = await storage.call('open', 'y', 'wb')
    expect(await flags(read)).toEqual([true, false, true, false])
    expect(await flags(write)).toEqual([false, true, false, false])
    await storage.call('fileClose', read.toUpperCase())
    await storage.call('fileClose', write)
    expect(await flags(read)).toEqual([false, false, false, true])
    expect(await flags(write)).toEqual([false, false, false, true])
  })

  test('refuse what they cannot', async () => {
    await writeFile(join(root, 'x'), 'x')
    await using storage = await serveFolder()
    const read = await storage.call('open', 'x', 'rb')
    const write = await storage.call('open', 'y', 'wb')
    const refused = (message: string) => ({ code: 'ARGUMENT_INVALID', message: expect.stringContaining(message) })
    await expect(writeOn(storage, read, 'x')).rejects.toMatchObject(refused("x is open as 'rb', not 'wb'"))
    await expect(storage.call('fileTell', write)).rejects.toMatchObject(refused("y is open as 'wb', not 'rb'"))
    await expect(storage.call('fileSeek', read, -1)).rejects.toMatchObject(refused('cannot seek to -1'))
    await expect(storage.call('fileSeek', read, 0.5)).rejects.toMatchObject(refused('cannot seek to 0.5'))
    await expect(storage.call('fileSeek', read, 0, 3)).rejects.toMatchObject(refused('whence is 3'))
    await storage.call('fileClose', read)
    await expect(storage.call('fileTell', read)).rejects.toMatchObject(refused('x has been closed'))
    await expect(storage.call('fileTell', 'nobody')).rejects.toMatchObject(refused('There is no open file "nobody"'))
    await expect(storage.call('fileTell', 5 as never)).rejects.toMatchObject(refused('There is no open file 5'))
    await expect(storage.call('open', 'x', 'ab' as never)).rejects.toMatchObject(refused(`mode is "ab"`))
    await expect(storage.call('open', 'nope', 'rb')).rejects.toMatchObject(refused('NotFound'))
  })

  test('are closed at the end of the session', async () => {
    {
      await using storage = await serveFolder()
      const fd = await storage.call('open', 'left', 'wb')
      await writeOn(storage, fd, 'open')
    }
    expect(await readFile(join(root, 'left'), 'utf8')).toBe('open')
  })

  test('can still be closed when a client has gone away in the middle', async () => {
    await using storage = await serveFolder()
    const fd = await storage.call('open', 'half', 'wb')
    const { stream, handle } = await storage.resource()
    const controller = new AbortController()
    const written = storage.with({ signal: controller.signal }).call('fileWrite', fd, handle)
    written.catch(() => undefined)
    stream.on('error', () => undefined).write('half of ')
    await expect.poll(() => readdir(root)).toEqual(['half'])
    controller.abort()
    await expect(written).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
    stream.destroy()
    await storage.call('fileClose', fd)
    expect('half of ').toContain(await readFile(join(root, 'half'), 'utf8'))
  })

  test('are not read faster than the client takes them', async () => {
    const size = 64 * 1024 * 1024
    await writeFile(join(root, 'big'), Buffer.alloc(size))
    await using storage = await serveFolder()
    const fd = await storage.call('open', 'big', 'rb')
    const { stream, handle } = await storage.resource()
    const read = storage.call('fileRead', fd, handle)
    read.catch(() => undefined)
    await once(stream, 'readable')
    for (let n = 0; n < 50; n++) expect(await storage.call('fileTell', fd)).toBeLessThan(size / 2)
    expect((await buffer(stream)).length).toBe(size)
    await read
    stream.destroy()
  })
})

describe('paths', () => {
  test.each(['../secret', '/../secret', 'a/../../secret', '..', String.raw`..\secret`])(
    '%s cannot leave the root',
    async (path) => {
      await writeFile(join(folder.path, 'secret'), 'secret')
      await using storage = await serveFolder()
      const refused = { code: 'ARGUMENT_INVALID', message: expect.stringContaining("leads out of the storage's root") }
      await expect(storage.readBytes(path)).rejects.toMatchObject(refused)
      await expect(storage.stat(path)).rejects.toMatchObject(refused)
      await expect(storage.hash(path)).rejects.toMatchObject(refused)
      await expect(storage.copy('x', path)).rejects.toMatchObject(refused)
      await expect(storage.rename('x', path)).rejects.toMatchObject(refused)
      await expect(storage.removeAll(path)).rejects.toMatchObject(refused)
      await expect(storage.registerPath(path)).rejects.toMatchObject(refused)
      await expect(storage.list(path).next()).rejects.toMatchObject(refused)
    },
  )

  test('have to be texts', async () => {
    await using storage = await serveFolder()
    await expect(storage.stat(5 as never)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  })
})

test('hashes a file, whatever its length', async () => {
  await writeFile(join(root, 'image'), image)
  await writeFile(join(root, 'empty'), '')
  await using storage = await serveFolder()
  expect(await storage.hash('image')).toBe(createHash('sha256').update(image).digest('hex'))
  expect(await storage.hash('image', 'md5')).toBe(createHash('md5').update(image).digest('hex'))
  expect(await storage.hash('empty', 'md5')).toBe('d41d8cd98f00b204e9800998ecf8427e')
  await expect(storage.hash('image', 'sha1' as never)).rejects.toMatchObject({
    code: 'ARGUMENT_INVALID',
    message: `hash: algorithm is "sha1"; it can be 'sha256' or 'md5'`,
  })
})

describe('what was made in a session', () => {
  async function make(storage: OpendalClient): Promise<void> {
    await storage.writeBytes('a/./x', image)
    await storage.createDir('made/deep/')
    await storage.writeBytes('made/deep/y', image)
    await storage.copy('before', 'copied')
    await storage.rename('copied', '/renamed')
    await storage.writeBytes('gone', image)
    await storage.delete('gone')
    await storage.registerPath('registered/')
  }

  test('is known', async () => {
    await writeFile(join(root, 'before'), '')
    await using storage = await serveFolder()
    await make(storage)
    const made = ['a/x', 'made/deep', 'made/deep/y', 'registered', 'renamed']
    expect((await storage.createdResources()).toSorted()).toEqual(made)
  })

  test('stays where nothing else is configured', async () => {
    await writeFile(join(root, 'before'), '')
    {
      await using storage = await serveFolder()
      await make(storage)
    }
    expect(await readdir(root)).toEqual(expect.arrayContaining(['a', 'before', 'made', 'renamed']))
  })

  test('is removed where the lab wants that, and nothing else', async () => {
    await writeFile(join(root, 'before'), '')
    {
      await using storage = await serveFolder({ remove_created_on_close: true })
      await make(storage)
      await mkdir(join(root, 'registered'))
      await storage.registerPath('/')
    }
    expect((await readdir(root)).toSorted()).toEqual(['a', 'before', 'made'])
    expect(await readdir(join(root, 'a'))).toEqual([])
    expect(await readdir(join(root, 'made'))).toEqual([])
  })

  test('is not removed outside of the root, where a link leads', async () => {
    const outside = join(folder.path, 'outside')
    await mkdir(outside)
    await writeFile(join(outside, 'precious'), '')
    await symlink(outside, join(root, 'link'))
    await symlink(outside, join(root, 'made-link'))
    {
      await using storage = await serveFolder({ remove_created_on_close: true })
      await storage.registerPath('link/precious')
      await storage.registerPath('made-link')
    }
    await access(join(outside, 'precious'))
    expect(await readdir(root)).toEqual(['link'])
  })
})

describe('other storages than folders', () => {
  test('are as OpenDAL has them', async () => {
    await using memory = await serve(new OpendalDriver({ scheme: 'memory' }), { client: OpendalClient })
    await memory.writeBytes('x', image)
    expect((await memory.readBytes('x')).equals(image)).toBe(true)
    await expect(memory.copy('x', 'y')).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
    expect(await memory.capability()).toMatchObject({ read: true, copy: false, writeTotalMaxSize: null })
  })

  test('can sign requests in advance', async () => {
    const kwargs = { bucket: 'bucket', region: 'us-east-1', access_key_id: 'id', secret_access_key: 'key' }
    await using s3 = await serve(new OpendalDriver({ scheme: 's3', kwargs }), { client: OpendalClient })
    const request = await s3.presignRead('x/y', 60)
    expect(request).toMatchObject({ method: 'GET', headers: {} })
    expect(new URL(request.url).pathname).toBe('/bucket/x/y')
    expect(new URL(request.url).searchParams.get('X-Amz-Expires')).toBe('60')
    expect(await s3.presignWrite('x', 1)).toMatchObject({ method: 'PUT' })
    expect(await s3.presignStat('x', 1)).toMatchObject({ method: 'HEAD' })
    await expect(s3.presignRead('x', 0)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    expect(await s3.capability()).toMatchObject({ presignRead: true, writeMultiMinSize: 5 * 1024 * 1024 })
  })

  test('are read to the end where a web server only gives whole files', async () => {
    const server = createServer((request, response) => {
      response.setHeader('content-length', image.length)
      response.end(request.method === 'HEAD' ? undefined : image)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const config = { scheme: 'http', kwargs: { endpoint: `http://127.0.0.1:${port}` } }
    await using web = await serve(new OpendalDriver(config), { client: OpendalClient })
    expect((await web.readBytes('image')).equals(image)).toBe(true)
    expect(await web.hash('image')).toBe(createHash('sha256').update(image).digest('hex'))
    await expect(web.writeBytes('image', image)).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
    server.close()
    server.closeAllConnections()
    await expect(web.readBytes('image')).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
  })
})

describe('mistakes of a lab', () => {
  test.each([
    [{}, 'scheme is missing'],
    [{ scheme: 'fs' }, 'kwargs.root is missing'],
    [{ scheme: 'fs', kwargs: null }, 'kwargs.root is missing'],
    [{ scheme: 'memory', kwargs: ['root'] }, 'kwargs is ["root"]'],
    [{ scheme: 's3', kwargs: { port: 9000 } }, 'kwargs has values that are no texts (port: 9000); put them in quotes'],
    [{ scheme: 'memory', remove_created_on_close: 'yes' }, 'remove_created_on_close is "yes"'],
    [{ scheme: 'memory', root: '/' }, 'root is an unknown key; known keys: scheme, kwargs, remove_created_on_close'],
    [{ kwargs: 5, extra: 1 }, /scheme is missing.*kwargs is 5.*extra is an unknown key/],
  ])('%j is refused', (config, message) => {
    expect(() => new OpendalDriver(config as never)).toThrow(message)
    expect(() => new OpendalDriver(config as never)).toThrow(TypeError)
  })

  test.each([
    [{ scheme: 'floppy' }, 'scheme floppy: Unsupported'],
    [{ scheme: 's3' }, 'scheme s3: ConfigInvalid'],
  ])('%j is told when the session starts', async (config, message) => {
    await expect(serve(new OpendalDriver(config))).rejects.toMatchObject({
      code: 'EXPORTER_CONFIG_INVALID',
      message: expect.stringContaining(message),
    })
  })

  test('a package that is not installed is named', async () => {
    vi.doMock('opendal', () => {
      throw new Error(`Cannot find package 'opendal'`)
    })
    try {
      await expect(serveFolder()).rejects.toMatchObject({
        code: 'MODULE_MISSING',
        message: expect.stringContaining('npm install opendal'),
      })
    } finally {
      vi.doUnmock('opendal')
    }
  })
})
