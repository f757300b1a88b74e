import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { connect, type Connection } from '../../src/index.ts'
import { FlasherClient } from '../../src/clients/index.ts'
import { MockFlasher } from '../../src/drivers/index.ts'
import { defineExporter } from '../../src/runtime/define-exporter.ts'
import { type OpenSession, openSession } from '../../src/runtime/open-session.ts'
import { freePort } from '../support/free-port.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A web server, whose answers each test sets. */
async function serveWeb() {
  const requests: IncomingMessage[] = []
  const handlers = new Map<string, Handler>()
  const server = createServer((request, response) => {
    requests.push(request)
    const [path = ''] = (request.url ?? '').split('?')
    const handler = handlers.get(path)
    if (handler === undefined) response.writeHead(404).end()
    else handler(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return { requests, handlers, server, port, origin: `http://127.0.0.1:${port}` }
}

async function open(presignedAddresses?: readonly string[]): Promise<OpenSession & { connection: Connection }> {
  const exporter = {
    ...defineExporter({
      name: 'desk',
      ...(presignedAddresses === undefined ? {} : { presignedAddresses }),
      export: () => ({ flasher: new MockFlasher() }),
    }),
    warnings: [],
  }
  const session = await openSession(exporter)
  return Object.assign(session, { connection: await connect(session.address) })
}

let web: Awaited<ReturnType<typeof serveWeb>>
let other: Awaited<ReturnType<typeof serveWeb>>
let closed: Awaited<ReturnType<typeof open>>
let allowed: Awaited<ReturnType<typeof open>>
beforeAll(async () => {
  ;[web, other, closed, allowed] = await Promise.all([serveWeb(), serveWeb(), open(), open(['127.0.0.1', '::1'])])
})
beforeEach(() => {
  for (const { requests, handlers } of [web, other]) {
    requests.length = 0
    handlers.clear()
  }
})
afterAll(async () => {
  for (const { server } of [web, other]) {
    server.closeAllConnections()
    server.close()
  }
  for (const session of [closed, allowed]) {
    session.connection.close()
    await session.close()
  }
})

/** Lets an exporter fetch a file with headers. @returns the file */
async function fetchFile(session: typeof closed, url: string, headers: Record<string, string> = {}): Promise<string> {
  const flasher = session.connection.root.children['flasher'] as FlasherClient
  const handle = { kind: 'presigned_request', url, method: 'GET', headers } as const
  await flasher.call('flash', handle)
  const received = new PassThrough()
  const [image] = await Promise.all([text(received), flasher.dump(received)])
  return image
}

describe('addresses of the exporter’s machine', () => {
  test.each([
    ['http://127.0.0.1:PORT/', '127.0.0.1'],
    ['http://2130706433:PORT/', '127.0.0.1'],
    ['http://localhost:PORT/', 'localhost ('],
    ['http://[::1]:PORT/', '::1'],
    ['http://[::ffff:127.0.0.1]:PORT/', '::ffff:7f00:1'],
    ['http://[64:ff9b::7f00:1]:PORT/', '64:ff9b::7f00:1'],
    ['http://0.0.0.0:PORT/', '0.0.0.0'],
    ['http://169.254.169.254/latest/meta-data', '169.254.169.254'],
    ['http://[fd00:ec2::254]/', 'fd00:ec2::254'],
    ['http://[fe80::1]/', 'fe80::1'],
  ])('%s is refused', async (template, shown) => {
    web.handlers.set('/', (_request, response) => void response.end('secret'))
    await expect(fetchFile(closed, template.replace('PORT', String(web.port)))).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining(shown),
    })
    await expect(fetchFile(closed, template.replace('PORT', String(web.port)))).rejects.toThrow(
      /to allow it, write presignedAddresses: \['[\da-f.:]+'\] into the exporter's file/,
    )
    expect(web.requests).toEqual([])
  })

  test('are reached where the file allows them, but no other', async () => {
    web.handlers.set('/', (_request, response) => void response.end('image'))
    expect(await fetchFile(allowed, `${web.origin}/`)).toBe('image')
    expect(await fetchFile(allowed, `http://localhost:${web.port}/`)).toBe('image')
    await expect(fetchFile(allowed, 'http://127.0.0.2/')).rejects.toThrow('127.0.0.2 is an address of the exporter')
  })

  test('are refused for redirects, too', async () => {
    web.handlers.set('/', (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.2/' }).end())
    await expect(fetchFile(allowed, `${web.origin}/`)).rejects.toThrow('127.0.0.2 is an address of the exporter')
  })
})

describe('redirects', () => {
  const headers = {
    Authorization: 'Bearer x',
    cookie: 'a=b',
    'X-Amz-Security-Token': 'x',
    'x-ms-date': 'x',
    'x-goog-hash': 'x',
    accept: 'image/*',
  }

  test('of the same origin keep the headers, and the encoding of the path', async () => {
    web.handlers.set('/a', (_request, response) => void response.writeHead(307, { location: '/b%40c?d=%2F' }).end())
    web.handlers.set('/b%40c', (_request, response) => void response.end('image'))
    expect(await fetchFile(allowed, `${web.origin}/a`, headers)).toBe('image')
    expect(web.requests[1]?.url).toBe('/b%40c?d=%2F')
    expect(web.requests[1]?.headers).toMatchObject({ authorization: 'Bearer x', 'x-amz-security-token': 'x' })
  })

  test('to another origin lose the credentials, for good', async () => {
    const back = `${web.origin}/b`
    web.handlers.set('/a', (_request, response) => void response.writeHead(301, { location: `${other.origin}/` }).end())
    other.handlers.set('/', (_request, response) => void response.writeHead(303, { location: back }).end())
    web.handlers.set('/b', (_request, response) => void response.writeHead(307, { location: '/c' }).end())
    web.handlers.set('/c', (_request, response) => void response.end('image'))
    expect(await fetchFile(allowed, `${web.origin}/a`, headers)).toBe('image')
    for (const request of [other.requests[0], web.requests[1], web.requests[2]]) {
      expect(request?.headers).toMatchObject({ accept: 'image/*' })
      const names = Object.keys(request?.headers ?? {})
      expect(names.filter((name) => /^authorization|^cookie|^x-/.test(name))).toEqual([])
    }
  })

  test('end after ten, and without a place to go', async () => {
    web.handlers.set('/', (_request, response) => void response.writeHead(302, { location: '/' }).end())
    await expect(fetchFile(allowed, `${web.origin}/`)).rejects.toThrow('Too many redirects (10)')
    expect(web.requests).toHaveLength(11)
    web.handlers.set('/', (_request, response) => void response.writeHead(302).end())
    await expect(fetchFile(allowed, `${web.origin}/`)).rejects.toThrow('missing Location header')
    web.handlers.set(
      '/',
      (_request, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    )
    await expect(fetchFile(allowed, `${web.origin}/`)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining('goes to http or https, not file:'),
    })
  })
})

describe('a failure names the URL and the cause', () => {
  test('of an answer, without the signature', async () => {
    await expect(fetchFile(allowed, `${web.origin}/missing?X-Amz-Signature=4711`)).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining(
        `Presigned HTTP GET request failed: status=404, reason='Not Found', url=${web.origin}/missing?[REDACTED]`,
      ),
    })
  })

  test('of a connection that cannot be made', async () => {
    other.server.closeAllConnections()
    const port = await freePort()
    await expect(fetchFile(allowed, `http://127.0.0.1:${port}/x`)).rejects.toThrow(
      `Presigned HTTP GET stream failed (connection/read error): connect ECONNREFUSED 127.0.0.1:${port}, url=http://127.0.0.1:${port}/x`,
    )
  })

  test('of one that breaks', async () => {
    web.handlers.set('/x', (_request, response) => {
      response.writeHead(200, { 'content-length': 1000 })
      response.write('half')
      setImmediate(() => response.destroy())
    })
    await expect(fetchFile(allowed, `${web.origin}/x`)).rejects.toThrow(
      /Presigned HTTP GET stream failed \(connection\/read error\): .+, url=http:\/\/127\.0\.0\.1:\d+\/x/,
    )
  })
})

test('a compressed transfer arrives as the file that it is', async () => {
  web.handlers.set('/', (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('image'))
  })
  expect(await fetchFile(allowed, `${web.origin}/`)).toBe('image')
})

test('PUT sends a file, and fails with the answer', async () => {
  const flasher = allowed.connection.root.children['flasher'] as FlasherClient
  await flasher.flash(Buffer.from('image'))
  let received = ''
  web.handlers.set('/put', (request, response) => {
    request.on('data', (bytes: Buffer) => (received += String(bytes)))
    request.on('end', () => response.end())
  })
  const put = (url: string) => {
    const handle = { kind: 'presigned_request', url, method: 'PUT', headers: { 'x-amz-date': 'now' } } as const
    return flasher.call('dump', handle)
  }
  await put(`${web.origin}/put`)
  expect(received).toBe('image')
  expect(web.requests[0]?.headers).toMatchObject({ 'x-amz-date': 'now' })
  await expect(put(`${web.origin}/refused`)).rejects.toThrow('Presigned HTTP PUT request failed: status=404')
})
