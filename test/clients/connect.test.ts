import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { connect as connectSocket, createServer, type Server as TcpServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { create } from '@bufbuild/protobuf'
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  status as Status,
  Metadata,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'

import { PowerClient } from '../../src/clients/index.ts'
import { resolveClient } from '../../src/clients/registry.ts'
import { formatTree } from '../../src/clients/client-tree.ts'
import { connect, type ConnectOptions, DriverClient, registerClient } from '../../src/index.ts'
import {
  type DriverCallRequest,
  type DriverCallResponse,
  DriverCallResponseSchema,
  GetReportResponseSchema,
} from '../../src/protocol/generated/jumpstarter/v1/jumpstarter_pb.ts'
import {
  FrameType,
  type StreamRequest,
  type StreamResponse,
  StreamResponseSchema,
} from '../../src/protocol/generated/jumpstarter/v1/router_pb.ts'
import { exporterService, routerService } from '../../src/protocol/services.ts'
import { decodeValue, encodeValue } from '../../src/protocol/values.ts'

interface ReportedDriver {
  readonly uuid: string
  readonly parentUuid?: string
  readonly labels: Record<string, string>
}

const composite = 'jumpstarter_driver_composite.client.CompositeClient'
const powerClient = 'jumpstarter_driver_power.client.PowerClient'

/** A driver as an exporter reports it. */
function driver(uuid: string, parentUuid?: string, name?: string, client: string = composite): ReportedDriver {
  return {
    uuid,
    ...(parentUuid === undefined ? {} : { parentUuid }),
    labels: { 'jumpstarter.dev/client': client, ...(name === undefined ? {} : { 'jumpstarter.dev/name': name }) },
  }
}

/** What is stopped when the test has ended. */
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

/** An exporter that reports what it is told, and answers calls with their uuid, method and arguments. */
async function exporter(
  reports: readonly ReportedDriver[],
  more: UntypedServiceImplementation = {},
  stream?: (call: ServerDuplexStream<StreamRequest, StreamResponse>) => void,
) {
  const server = new Server()
  server.addService(exporterService, {
    getReport: (_call: unknown, respond: sendUnaryData<unknown>) =>
      respond(
        null,
        create(GetReportResponseSchema, { uuid: 'session', labels: { board: 'test' }, reports: [...reports] }),
      ),
    driverCall({ request }: ServerUnaryCall<DriverCallRequest, unknown>, respond: sendUnaryData<DriverCallResponse>) {
      const { uuid, method, args } = request
      const result = encodeValue({ uuid, method, args: args.map(decodeValue) })
      respond(null, create(DriverCallResponseSchema, { uuid: 'x', result }))
    },
    ...more,
  })
  server.addService(routerService, stream === undefined ? {} : { stream })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port)
      else reject(error)
    })
  })
  cleanups.push(() => server.forceShutdown())
  return { server, port, address: `127.0.0.1:${port}` }
}

/** Listens, and hands every connection to the test. */
async function listen(accept: (socket: Socket) => void): Promise<{ server: TcpServer; address: string }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined))
    accept(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { server, address: `127.0.0.1:${(server.address() as { port: number }).port}` }
}

async function open(address: string, options: ConnectOptions = {}) {
  const connection = await connect(address, { insecure: true, ...options })
  cleanups.push(() => connection.close())
  return connection
}

describe('reports', () => {
  test('become a tree of clients', async () => {
    const { address } = await exporter([
      driver('r'),
      driver('b', 'r', 'board'),
      driver('p', 'b', 'power', powerClient),
      driver('q', 'r', 'query', 'lab.QueryClient'),
    ])
    const { root, report } = await open(address)
    expect(report).toMatchObject({ uuid: 'session', labels: { board: 'test' } })
    expect(formatTree(root)).toBe(
      `(root): ${composite}\n  board: ${composite}\n    power: ${powerClient}\n  query: lab.QueryClient`,
    )
    const power = root.children['board']?.children['power']
    expect(power).toBeInstanceOf(PowerClient)
    expect(power?.node).toMatchObject({ name: 'power', path: 'board.power' })
    expect((root as unknown as Record<string, DriverClient>)['board']).toBe(root.children['board'])
  })

  test.each<[string, ReportedDriver[], string]>([
    ['of a second root', [driver('r'), driver('s')], 'reports driver 1 (s) as a second root'],
    [
      'of a child before its parent',
      [driver('r'), driver('c', 'b', 'c'), driver('b', 'r', 'b')],
      'reports driver 1 (c) before its parent',
    ],
    ['of a parent that is not there', [driver('c', 'r', 'c')], 'reports driver 0 (c) before its parent'],
    [
      'of a driver that is its own parent',
      [driver('r'), driver('c', 'c', 'c')],
      'reports driver 1 (c) before its parent',
    ],
    ['without a client', [{ uuid: 'r', labels: {} }], 'reports driver 0 (r) without the label jumpstarter.dev/client'],
    ['without a name', [driver('r'), driver('c', 'r')], 'reports driver 1 (c) without the label jumpstarter.dev/name'],
    [
      'with an empty name',
      [driver('r'), driver('c', 'r', '')],
      'reports driver 1 (c) without the label jumpstarter.dev/name',
    ],
    ['of nothing', [], 'reports no drivers'],
  ])('%s are refused', async (_, reports, message) => {
    const { address } = await exporter(reports)
    await expect(connect(address, { insecure: true })).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
      origin: 'wire',
      message: `${address} ${message}`,
    })
  })

  test('of one driver under two parents give a client in each place, with what is below', async () => {
    const { address } = await exporter([
      driver('r'),
      driver('a', 'r', 'a'),
      driver('shared', 'a', 'mine'),
      driver('p', 'shared', 'power', powerClient),
      driver('b', 'r', 'b'),
      driver('shared', 'b', 'yours'),
      driver('p', 'shared', 'power', powerClient),
    ])
    const { root } = await open(address)
    const [first, second] = [root.children['a']?.children['mine'], root.children['b']?.children['yours']]
    expect(first).not.toBe(second)
    expect(first?.children['power']?.node.path).toBe('a.mine.power')
    expect(second?.children['power']?.node.path).toBe('b.yours.power')
    for (const place of [first, second]) {
      expect(await place?.children['power']?.call('on')).toEqual({ uuid: 'p', method: 'on', args: [] })
    }
  })

  test('may write uuids in either case; calls repeat them as they are', async () => {
    const { address } = await exporter([driver('ABC'), driver('DEF', 'abc', 'x'), driver('ghi', 'Def', 'y')])
    const { root } = await open(address)
    expect(root.children['x']?.children['y']?.node.path).toBe('x.y')
    expect(await root.children['x']?.call('m')).toMatchObject({ uuid: 'DEF' })
  })

  test('an empty uuid of a parent is none', async () => {
    const { address } = await exporter([driver('r', '')])
    expect((await open(address)).root.node.report.parentUuid).toBeUndefined()
  })
})

describe('clients', () => {
  test('of an unknown class can still call', async () => {
    const { address } = await exporter([driver('r', undefined, undefined, 'lab.Unknown')])
    const { root } = await open(address)
    expect(root.constructor).toBe(DriverClient)
    expect(await root.call('setTarget', 21, 'C')).toEqual({ uuid: 'r', method: 'set_target', args: [21, 'C'] })
  })

  test('whose names every client has are only among the children', async () => {
    const names = ['call', 'with', 'children', 'node', 'constructor', '__proto__', 'then', 'on']
    const { address } = await exporter([
      driver('r', undefined, undefined, powerClient),
      ...names.map((name) => driver(`u-${name}`, 'r', name, 'lab.Unknown')),
    ])
    const { root } = await open(address)
    expect(root).toBeInstanceOf(PowerClient)
    expect(Object.keys(root.children)).toEqual(names)
    for (const name of names) {
      const child = Object.getOwnPropertyDescriptor(root.children, name)?.value as DriverClient
      expect(await child.call('x')).toMatchObject({ uuid: `u-${name}` })
      const isProperty = (root as unknown as Record<string, unknown>)[name] === child
      expect(isProperty, name).toBe(name === 'then')
    }
    await (root as PowerClient).on()
  })

  test('of the root, and those registered, are as the caller wants them', async () => {
    class Mine extends DriverClient {}
    class Registered extends DriverClient {}
    registerClient('test.connect.Registered', Registered)
    const { address } = await exporter([driver('r'), driver('c', 'r', 'c', 'test.connect.Registered')])
    const { root } = await open(address, { rootClient: Mine })
    expect(root).toBeInstanceOf(Mine)
    expect(root.children['c']).toBeInstanceOf(Registered)
  })

  test('and the state of an exporter that does not know the question is undefined', async () => {
    const { address } = await exporter([driver('r')])
    const { channel } = await open(address)
    expect(await channel.state()).toBeUndefined()
  })
})

describe('clients of packages', () => {
  let folder: string

  beforeAll(async () => {
    const cache = fileURLToPath(new URL('../../.cache/', import.meta.url))
    mkdirSync(cache, { recursive: true })
    folder = await mkdtemp(join(cache, 'connect-'))
    const source = fileURLToPath(new URL('../../src/index.ts', import.meta.url))
    const files = {
      'clients/package.json': '{ "name": "@lab/clients", "type": "module", "exports": { "./all": "./all.js" } }',
      'clients/all.js': `
import { DriverClient } from ${JSON.stringify(source)}
export class QueryClient extends DriverClient { ask() { return this.call('query', '?') } }
export class Plain {}
`,
      'package.json': '{ "type": "module" }',
    }
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
    mkdirSync(join(folder, 'node_modules/@lab'), { recursive: true })
    // A link, as in a workspace, so that Vitest gives the package the DriverClient of this test.
    await symlink('../../clients', join(folder, 'node_modules/@lab/clients'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** Packages are looked up from the folder that the tests run in. */
  const runInFolder = () => {
    vi.spyOn(process, 'cwd').mockReturnValue(folder)
    onTestFinished(() => void vi.restoreAllMocks())
  }

  test('are imported when the package is allowed', async () => {
    runInFolder()
    const { address } = await exporter([driver('r'), driver('q', 'r', 'query', '@lab/clients/all#QueryClient')])
    for (const allow of [[], ['@lab'], ['@lab/client'], ['@lab/clients/all']]) {
      expect((await open(address, { allow })).root.children['query']?.constructor, String(allow)).toBe(DriverClient)
    }
    const { root } = await open(address, { allow: ['@lab/clients'] })
    const query = root.children['query'] as DriverClient & { ask(): Promise<unknown> }
    expect(await query.ask()).toEqual({ uuid: 'q', method: 'query', args: ['?'] })
  })

  test.each([
    ['@lab/clients/all#Plain', '@lab/clients/all#Plain is not a class that extends DriverClient'],
    ['@lab/clients/all#Missing', '@lab/clients/all#Missing is not a class that extends DriverClient'],
    ['@lab/clients/none#QueryClient', 'Cannot import client @lab/clients/none#QueryClient: '],
    ['@lab/absent#QueryClient', 'Cannot import client @lab/absent#QueryClient: '],
  ])('%s is not there', async (path, message) => {
    runInFolder()
    const allow = ['@lab/clients', '@lab/absent']
    const { address } = await exporter([driver('r', undefined, undefined, path)])
    await expect(connect(address, { insecure: true, allow })).rejects.toMatchObject({
      code: 'MODULE_MISSING',
      origin: 'plugin',
      message: expect.stringContaining(message),
    })
  })

  test.each([
    '../clients/all#QueryClient',
    '/tmp/all.js#QueryClient',
    '#internal#X',
    'lab.QueryClient',
    '@lab/clients/all',
    '',
  ])('%j names no package', async (path) => {
    runInFolder()
    expect(await resolveClient(path, ['..', '.', '', '/tmp', 'lab.QueryClient', '@lab/clients'])).toBe(DriverClient)
  })
})

describe('connections', () => {
  test('to a server that accepts and never answers end in time', async () => {
    const { address } = await listen(() => undefined)
    const started = performance.now()
    await expect(connect(address, { insecure: true, timeoutMs: 300 })).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      timedOut: true,
      // Both calls are made at once.
      message: expect.stringMatching(new RegExp(`^Get(Report|Status): no answer within 300 ms from ${address}$`)),
    })
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  test('end with the signal', async () => {
    const { address } = await listen(() => undefined)
    const signal = AbortSignal.timeout(100)
    await expect(connect(address, { insecure: true, signal })).rejects.toMatchObject({
      code: 'CALL_CANCELLED',
      cancelled: true,
    })
    await expect(connect(address, { insecure: true, signal })).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
  })

  test('to nobody fail, and name the address', async () => {
    const { server, address } = await listen(() => undefined)
    server.close()
    await once(server, 'close')
    await expect(connect(address, { insecure: true })).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      origin: 'wire',
      message: expect.stringMatching(new RegExp(`^Cannot connect to ${address}: .*ECONNREFUSED`)),
    })
    await expect(connect('/nowhere/exporter.sock')).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringMatching(/^Cannot connect to \/nowhere\/exporter\.sock: .*ENOENT/),
    })
    await expect(connect(' ')).rejects.toMatchObject({ code: 'CONNECTION_FAILED', origin: 'plugin' })
  })

  test.each([
    ['garbage', (socket: Socket) => socket.write(Buffer.alloc(4096, 0xa5))],
    ['HTTP/1.1', (socket: Socket) => socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')],
    ['nothing, and hangs up', (socket: Socket) => socket.destroy()],
  ])('to a peer that sends %s fail', async (_, answer) => {
    const { address } = await listen(answer)
    await expect(connect(address, { insecure: true, timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringContaining(`Cannot connect to ${address}: `),
    })
  })

  test('that a dying exporter takes along end its calls', async () => {
    const { promise: called, resolve } = Promise.withResolvers<void>()
    const { port } = await exporter([driver('r')], { driverCall: () => resolve() })
    const relayed: Socket[] = []
    const { address } = await listen((socket) => {
      relayed.push(socket)
      const behind = connectSocket(port, '127.0.0.1').on('error', () => undefined)
      socket.pipe(behind).pipe(socket)
      socket.on('close', () => behind.destroy())
    })
    const { root } = await open(address)
    const call = root.call('hang')
    call.catch(() => undefined)
    await called
    for (const socket of relayed) socket.destroy()
    await expect(call).rejects.toMatchObject({ code: 'CONNECTION_LOST', origin: 'wire' })
  })

  test('may be closed again, and end the streams on them', async () => {
    const { address } = await exporter([driver('r')], {}, (call) => call.sendMetadata(new Metadata()))
    const connection = await open(address)
    const stream = await connection.root.stream('connect')
    const closed = once(stream, 'close')
    connection.close()
    connection.close()
    await closed
    await expect(connection.root.call('x')).rejects.toBeInstanceOf(Error)
  })
})

describe('answers', () => {
  test.each([
    [Status.NOT_FOUND, 'METHOD_NOT_FOUND'],
    [Status.INVALID_ARGUMENT, 'ARGUMENT_INVALID'],
    [Status.DEADLINE_EXCEEDED, 'CALL_TIMEOUT'],
    [Status.FAILED_PRECONDITION, 'NOT_READY'],
    [Status.UNAVAILABLE, 'DEVICE_IO'],
    [Status.UNKNOWN, 'CALL_FAILED'],
    [Status.DATA_LOSS, 'CALL_FAILED'],
  ])('of status %i are %s', async (code, expected) => {
    const { address } = await exporter([driver('r'), driver('p', 'r', 'power', powerClient)], {
      driverCall: (_call: unknown, respond: sendUnaryData<unknown>) => respond({ code, details: 'no such luck' }),
    })
    const { root } = await open(address)
    await expect(root.children['power']?.call('on')).rejects.toMatchObject({
      code: expected,
      message: 'power.on: no such luck',
    })
  })

  test('without a result are undefined or null, as Python sends them', async () => {
    const { address } = await exporter([driver('r')], {
      driverCall: (_call: unknown, respond: sendUnaryData<unknown>) => respond(null, create(DriverCallResponseSchema)),
    })
    expect((await (await open(address)).root.call('x')) ?? null).toBeNull()
  })
})

describe('byte streams', () => {
  const frame = (payload: string, frameType: number = FrameType.DATA) =>
    create(StreamResponseSchema, { payload: Buffer.from(payload), frameType: frameType as FrameType })

  /** A stream whose other end is the test's. */
  async function openStream(serve: (call: ServerDuplexStream<StreamRequest, StreamResponse>) => void) {
    const { address } = await exporter([driver('r')], {}, serve)
    const { root } = await open(address)
    return root.stream('connect')
  }

  test('that the exporter aborts after data have ended', async () => {
    const stream = await openStream((call) => {
      call.sendMetadata(new Metadata())
      call.write(frame('last '))
      call.write(frame('words'))
      call.emit('error', { code: Status.ABORTED, details: 'RouterStream: aborted' })
    })
    expect(await text(stream)).toBe('last words')
  })

  test('end with GOAWAY, or with the call', async () => {
    const goaway = await openStream((call) => {
      call.write(frame('a'))
      call.write(frame('', FrameType.GOAWAY))
      call.write(frame('too late'))
    })
    expect(await text(goaway)).toBe('a')
    goaway.destroy()
    const ended = await openStream((call) => {
      call.write(frame('b'))
      call.end()
    })
    expect(await text(ended)).toBe('b')
  })

  test('pass over frames that are no data', async () => {
    const unknownType = 42
    const stream = await openStream((call) => {
      call.sendMetadata(new Metadata())
      for (const type of [FrameType.PING, FrameType.RST_STREAM, unknownType]) {
        call.write(frame('', type))
        call.write(frame('not data', type))
      }
      call.write(frame('one '))
      call.write(frame(''))
      call.write(frame('', FrameType.PING))
      call.write(frame('two'))
      call.end()
    })
    expect(await text(stream)).toBe('one two')
  })

  test('send what is written in frames of at most 64 KiB, and GOAWAY at their end', async () => {
    const frames: StreamRequest[] = []
    const stream = await openStream((call) => {
      call.sendMetadata(new Metadata())
      call.on('data', (frame: StreamRequest) => frames.push(frame))
      call.on('end', () => call.end())
    })
    stream.write(Buffer.alloc(150_000, 'x'))
    stream.end('end')
    await buffer(stream)
    expect(frames.map(({ payload }) => payload.length)).toEqual([65_536, 65_536, 18_928, 3, 0])
    expect(frames.map(({ frameType }) => frameType)).toEqual([
      ...Array<FrameType>(4).fill(FrameType.DATA),
      FrameType.GOAWAY,
    ])
  })

  test('that fail carry the reason', async () => {
    const stream = await openStream((call) => {
      call.write(frame('some'))
      call.emit('error', { code: Status.INTERNAL, details: 'the cable was pulled' })
    })
    await expect(text(stream)).rejects.toMatchObject({ code: 'DEVICE_IO', message: 'connect: the cable was pulled' })
  })

  test('that are refused, or never opened, fail to open', async () => {
    await expect(
      openStream((call) => void call.emit('error', { code: Status.NOT_FOUND, details: 'no such method' })),
    ).rejects.toMatchObject({ code: 'METHOD_NOT_FOUND', message: 'connect: no such method' })
    const { address } = await exporter([driver('r')], {}, () => undefined)
    const { root } = await open(address)
    await expect(root.with({ timeoutMs: 100 }).stream('connect')).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    await expect(root.with({ signal: AbortSignal.timeout(100) }).stream('connect')).rejects.toMatchObject({
      code: 'CALL_CANCELLED',
    })
  })

  test('that nobody reads are held back', async () => {
    let sent = 0
    const stream = await openStream((call) => {
      call.sendMetadata(new Metadata())
      const send = () => {
        while (sent < 64 * 1024 * 1024) {
          sent += 64 * 1024
          if (!call.write(frame('x'.repeat(64 * 1024)))) return
        }
        call.end()
      }
      call.on('drain', send)
      send()
    })
    await once(stream, 'readable')
    let before = -1
    while (before !== sent) {
      before = sent
      await delay(200)
    }
    expect(sent).toBeLessThan(16 * 1024 * 1024)
    stream.destroy()
  })
})
