import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { HttpServerClient } from '../../src/clients/index.ts'
import { type HttpServerConfig, HttpServerDriver } from '../../src/drivers/index.ts'
import { driverTypes } from '../../src/drivers/types.ts'
import { serve } from '../../src/index.ts'
import { createPrivateFolder, type PrivateFolder } from '../../src/base/private-folder.ts'
import { needsCommand } from '../support/system-part.ts'

const image = randomBytes(20 * 1024 * 1024 + 11)

let folder: PrivateFolder
let root: string
beforeEach(async () => {
  folder = await createPrivateFolder()
  root = join(folder.path, 'root')
  await mkdir(root)
})
afterEach(() => folder.remove())

async function startServer(config: HttpServerConfig = {}) {
  const http = await serve(new HttpServerDriver({ root_dir: root, host: '127.0.0.1', port: 0, ...config }), {
    client: HttpServerClient,
  })
  await http.start()
  return http
}

/** Sends bytes as they are, and returns all that comes back. */
async function exchange(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(request)
  return text(socket)
}

const get = (target: string, ...headers: string[]) =>
  `${[`GET ${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`

describe('files are got', { timeout: 30_000 }, () => {
  test('by curl, 20 MiB, whole and in parts', async ({ skip }) => {
    needsCommand('curl', skip)
    await using http = await startServer()
    const url = await http.putFile('boot/image', image)
    const curl = async (...args: string[]) => {
      const options = { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024, stripFinalNewline: false } as const
      const { stdout } = await execa('curl', ['--silent', '--fail', ...args, url.href], options)
      return Buffer.from(stdout)
    }
    expect(image.equals(await curl())).toBe(true)
    const half = 10 * 1024 * 1024
    const parts = [await curl('--range', `0-${half - 1}`), await curl('--range', `${half}-`)]
    expect(image.equals(Buffer.concat(parts))).toBe(true)
  })

  test('several at a time', async () => {
    await using http = await startServer()
    const contents = Array.from({ length: 10 }, (_, index) => image.subarray(index * 1000, index * 1000 + 300_000))
    const urls = await Promise.all(contents.map((content, index) => http.putFile(`${index}`, content)))
    const got = await Promise.all(urls.map(async (url) => Buffer.from(await (await fetch(url)).arrayBuffer())))
    expect(contents.map((content, index) => content.equals(got[index] ?? Buffer.alloc(0)))).not.toContain(false)
  })

  test('under any name', async () => {
    await using http = await startServer()
    for (const name of ['a b', 'ü/ß', '100%', 'a?b#c', '/from/the/root', '\'"$(id)']) {
      const url = await http.putFile(name, Buffer.from(name))
      expect(url.href.startsWith(String(await http.url()))).toBe(true)
      expect(await (await fetch(url)).text()).toBe(name)
    }
  })

  test('with what is to be known of them', async () => {
    await writeFile(join(root, 'x'), 'hello world')
    await utimes(join(root, 'x'), 1_000_000_000, 1_000_000_000)
    await using http = await startServer()
    for (const method of ['GET', 'HEAD']) {
      const response = await fetch(new URL('x', await http.url()), { method })
      expect(response.status).toBe(200)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-length': '11',
        'content-type': 'application/octet-stream',
        'accept-ranges': 'bytes',
        'last-modified': 'Sun, 09 Sep 2001 01:46:40 GMT',
        etag: expect.stringMatching(/^"[\da-f]+-[\da-f]+"$/),
      })
      expect(await response.text()).toBe(method === 'GET' ? 'hello world' : '')
    }
  })

  test('without content', async () => {
    await writeFile(join(root, 'x'), '')
    await using http = await startServer()
    const response = await fetch(new URL('x', await http.url()))
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '0', ''])
    expect((await fetch(new URL('x', await http.url()), { headers: { range: 'bytes=0-' } })).status).toBe(416)
  })

  test.for([
    ['bytes=0-4', 206, 'hello', 'bytes 0-4/11'],
    ['bytes=6-', 206, 'world', 'bytes 6-10/11'],
    ['bytes=-5', 206, 'world', 'bytes 6-10/11'],
    ['bytes=-50', 206, 'hello world', 'bytes 0-10/11'],
    ['bytes=10-99', 206, 'd', 'bytes 10-10/11'],
    ['Bytes= 0-0 ', 206, 'h', 'bytes 0-0/11'],
    ['bytes=11-', 416, 'The file is shorter\n', 'bytes */11'],
    ['bytes=-0', 416, 'The file is shorter\n', 'bytes */11'],
    ['bytes=99999999999999999999-', 416, 'The file is shorter\n', 'bytes */11'],
    ['bytes=4-2', 200, 'hello world', null],
    ['bytes=0-1,3-4', 200, 'hello world', null],
    ['bytes=-', 200, 'hello world', null],
    ['bytes=a-b', 200, 'hello world', null],
    ['lines=0-1', 200, 'hello world', null],
  ] as const)('in the part %j: %d', async ([range, status, content, contentRange]) => {
    await writeFile(join(root, 'x'), 'hello world')
    await using http = await startServer()
    const response = await fetch(new URL('x', await http.url()), { headers: { range } })
    expect([response.status, await response.text(), response.headers.get('content-range')]).toEqual([
      status,
      content,
      contentRange,
    ])
  })

  test('in parts of one version alone', async () => {
    await writeFile(join(root, 'x'), 'hello world')
    await using http = await startServer()
    const url = new URL('x', await http.url())
    const etag = (await fetch(url)).headers.get('etag') ?? ''
    const next = () => fetch(url, { headers: { range: 'bytes=6-', 'if-range': etag } })
    expect((await next()).status).toBe(206)
    await http.storage.writeBytes('x', Buffer.from('other words'))
    const response = await next()
    expect([response.status, await response.text()]).toEqual([200, 'other words'])
  })
})

describe('what is not to be got', () => {
  test.for([
    ['/nothing', 404],
    ['/file/x', 404],
    [`/${'x'.repeat(5000)}`, 404],
    ['/a%00b', 404],
    ['/', 403],
    ['/folder/', 403],
    ['/../secret', 403],
    ['/folder/../../secret', 403],
    ['/%2e%2e/secret', 403],
    ['/..%2fsecret', 403],
    ['/..%5csecret', 403],
    ['//../secret', 403],
    ['http://x/../secret', 403],
    ['/link', 403],
    ['/outside/secret', 403],
    ['/pipe', 403],
    ['/%zz', 400],
    ['/%ff', 400],
  ] as const)('%s: %d', async ([target, status]) => {
    await writeFile(join(folder.path, 'secret'), 'secret')
    await writeFile(join(root, 'file'), 'content')
    await mkdir(join(root, 'folder'))
    await symlink(join(folder.path, 'secret'), join(root, 'link'))
    await symlink('..', join(root, 'outside'))
    await execa('mkfifo', [join(root, 'pipe')])
    await using http = await startServer()
    const answer = await exchange(await http.port(), get(target))
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).not.toContain('secret')
  })

  test('but a link that stays inside, a query, and a whole URL are', async () => {
    await writeFile(join(root, 'file'), 'content')
    await symlink('file', join(root, 'link'))
    await using http = await startServer()
    for (const target of ['/link', '/file?v=1', '/folder/../file', 'http://other.example/file', '//file', '/%66ile']) {
      expect(await exchange(await http.port(), get(target)), target).toMatch(/^HTTP\/1.1 200 .*\r\n\r\ncontent$/s)
    }
  })

  test.for(['PUT', 'POST', 'DELETE', 'OPTIONS'])('nothing but GET and HEAD: %s', async (method) => {
    await writeFile(join(root, 'x'), 'content')
    await using http = await startServer()
    const response = await fetch(new URL('x', await http.url()), {
      method,
      ...(method === 'PUT' ? { body: 'new' } : {}),
    })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect(await (await fetch(new URL('x', await http.url()))).text()).toBe('content')
  })

  test('what is no HTTP', async () => {
    await writeFile(join(root, 'x'), 'content')
    await using http = await startServer()
    const port = await http.port()
    for (const request of ['\0\x01\x02\r\n\r\n', 'GET\r\n\r\n', get('/x', 'Content-Length: x')]) {
      expect(await exchange(port, request)).toMatch(/^HTTP\/1.1 400 /)
    }
    expect(await exchange(port, get('/x'))).toMatch(/^HTTP\/1.1 200 /)
  })
})

describe('the server', { timeout: 30_000 }, () => {
  test('listens from its start to its stop, and both may be repeated', async () => {
    await writeFile(join(root, 'x'), 'content')
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const { port } = blocker.address() as { port: number }
    await using http = await serve(new HttpServerDriver({ root_dir: root, host: '127.0.0.1', port }), {
      client: HttpServerClient,
    })
    expect(await http.port()).toBe(port)
    await expect(http.start()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining(`Cannot serve HTTP on 127.0.0.1:${port}: another server has that port`),
    })
    blocker.close()
    await once(blocker, 'close')
    await http.stop()
    await Promise.all([http.start(), http.start()])
    expect(await http.call('getUrl')).toBe(`http://127.0.0.1:${port}`)
    expect(await exchange(port, get('/x'))).toContain('content')
    await http.stop()
    await http.stop()
    await expect(exchange(port, get('/x'))).rejects.toThrow('ECONNREFUSED')
    await http.start()
    expect(await exchange(port, get('/x'))).toContain('content')
  })

  test('breaks what is under way when the session ends, and gives its port back', async () => {
    await writeFile(join(root, 'x'), image)
    const http = await startServer()
    const port = await http.port()
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    socket.write(get('/x'))
    // The rest of the file waits until somebody reads.
    await once(socket, 'readable')
    await http[Symbol.asyncDispose]()
    socket.resume()
    await once(socket, 'close')
    expect(socket.bytesRead).toBeLessThan(image.length)
    const other = createServer().listen(port, '127.0.0.1')
    await once(other, 'listening')
    other.close()
  })

  test('breaks a connection that is silent for too long', async () => {
    await writeFile(join(root, 'x'), image)
    await using http = await startServer({ timeout: 0.2 })
    const socket = connect(await http.port(), '127.0.0.1').on('error', () => undefined)
    await once(socket, 'connect')
    socket.resume()
    await once(socket, 'close')
  })

  test.for(['', '0.0.0.0', '::'])('with the host %j tells an address that boards reach', async (host) => {
    await writeFile(join(root, 'x'), 'content')
    await using http = await startServer({ host })
    expect(await http.host()).toMatch(/^[1-9]/)
    expect(String(await http.url())).toBe(`http://${await http.host()}:${await http.port()}/`)
    expect(await (await fetch(new URL('x', await http.url()))).text()).toBe('content')
  })

  test('speaks IPv6', async ({ skip }) => {
    await writeFile(join(root, 'x'), 'content')
    const driver = new HttpServerDriver({ root_dir: root, host: '::1', port: 0 })
    await using http = await serve(driver, { client: HttpServerClient })
    await http.start().catch((error: Error) => skip(`no IPv6: ${error.message}`))
    expect(String(await http.url())).toBe(`http://[::1]:${await http.port()}/`)
    expect(await (await fetch(new URL('x', await http.url()))).text()).toBe('content')
  })
})

describe('the driver', () => {
  test("has upstream's type", async () => {
    expect(await driverTypes.get('jumpstarter_driver_http.driver.HttpServer')?.()).toBe(HttpServerDriver)
  })

  test('has a folder of its own without root_dir', async () => {
    await using http = await serve(new HttpServerDriver({ host: '127.0.0.1', port: 0 }), { client: HttpServerClient })
    await http.start()
    const url = await http.putFile('x', Buffer.from('content'))
    expect(await (await fetch(url)).text()).toBe('content')
  })

  test('removes at the end what was put there, and leaves what was there', async () => {
    await writeFile(join(root, 'before'), '')
    const http = await startServer()
    await http.putFile('new', Buffer.from('x'))
    await http[Symbol.asyncDispose]()
    expect(await readdir(root)).toEqual(['before'])
  })

  test('tells all mistakes of its config at once', () => {
    const config = { root_dir: '', host: 4, port: -1, timeout: -1, what: 1 }
    expect(() => new HttpServerDriver(config as unknown as HttpServerConfig)).toThrow(
      /root_dir is missing.*host is 4.*port is -1.*timeout is -1.*what is an unknown key/,
    )
  })
})
