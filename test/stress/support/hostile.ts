import { once } from 'node:events'
import { type ClientHttp2Session, connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

import { toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'

import { ExporterService } from '../../../src/protocol/generated/jumpstarter/v1/jumpstarter_pb.ts'
import { RouterService } from '../../../src/protocol/generated/jumpstarter/v1/router_pb.ts'
import { asciiJson } from '../../../src/protocol/grpc/metadata.ts'
import { anyMessage, anyText, anyValue } from '../../support/random-messages.ts'

const methods = [ExporterService, RouterService].flatMap((service) =>
  service.methods.map((method) => ({ ...method, path: `/${service.typeName}/${method.name}` })),
)
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
/** The time after which a peer hangs up, in milliseconds. */
const patienceMs = 300

/** One frame of HTTP/2 with any content. Its length may be a lie. */
const frame = fc
  .record({
    type: fc.integer({ min: 0, max: 12 }),
    flags: fc.integer({ min: 0, max: 255 }),
    stream: fc.constantFrom(0, 1, 2, 3, 5, 0x7f_ff_ff_ff),
    payload: fc.uint8Array({ maxLength: 100 }),
    lie: fc.option(fc.integer({ min: 0, max: 0xff_ff_ff }), { freq: 5 }),
  })
  .map(({ type, flags, stream, payload, lie }) => {
    const header = Buffer.alloc(9)
    header.writeUIntBE(lie ?? payload.length, 0, 3)
    header.writeUInt8(type, 3)
    header.writeUInt8(flags, 4)
    header.writeUInt32BE(stream, 5)
    return Buffer.concat([header, payload])
  })

const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])

/** Bytes that begin as HTTP/2 does, or not at all. */
const rawBytes = (start: Buffer) =>
  fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.array(frame, { maxLength: 20 }).map((frames) => Buffer.concat([start, emptySettings, ...frames])),
  )

/** A message of gRPC: valid, compressed, damaged, or with a false length. */
const anyBody = (side: 'input' | 'output', uuids: readonly string[]) =>
  fc
    .record({
      message: fc.constantFrom(...methods).chain((method) => {
        return anyMessage(method[side]).map((message) => ({ type: method[side], message }))
      }),
      target: fc.option(
        fc.record({ uuid: fc.constantFrom('', ...uuids), method: fc.constantFrom('on', 'read', 'say', '__proto__') }),
      ),
      flag: fc.constantFrom(0, 0, 0, 0, 1, 1, 255),
      lie: fc.option(fc.constantFrom(0, 1, 0xff_ff, 0x7f_ff_ff_ff, 0xff_ff_ff_ff), { freq: 6 }),
      damage: fc.option(fc.tuple(fc.nat(200), fc.nat(255)), { freq: 2 }),
    })
    .map(({ message: { type, message }, target, flag, lie, damage }) => {
      const isCall = type.fields.some(({ name }) => name === 'method')
      const bytes = Buffer.from(toBinary(type, target !== null && isCall ? { ...message, ...target } : message))
      if (damage !== null && damage[0] < bytes.length) bytes[damage[0]] = damage[1]
      const content = flag === 1 ? gzipSync(bytes) : bytes
      const header = Buffer.alloc(5)
      header.writeUInt8(flag, 0)
      header.writeUInt32BE(lie ?? content.length, 1)
      return Buffer.concat([header, content])
    })

const latin = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
})

const clientHeaders = (uuids: readonly string[]) =>
  fc.record(
    {
      ':method': fc.constantFrom('POST', 'POST', 'POST', 'GET', 'PRI'),
      ':path': fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...methods.map(({ path }) => path)) },
        { weight: 1, arbitrary: latin },
      ),
      'content-type': fc.constantFrom(
        'application/grpc',
        'application/grpc',
        'application/grpc+proto',
        'text/plain',
        '',
      ),
      te: fc.constantFrom('trailers', ''),
      'grpc-timeout': fc.oneof(fc.constantFrom('1m', '99999999H', '0n', '1n', '-1S', '123456789S', 'x'), latin),
      'grpc-encoding': fc.constantFrom('identity', 'gzip', 'gzip', 'deflate', 'snappy', 'constructor'),
      request: fc.oneof(
        anyText.map(asciiJson),
        anyValue.map(asciiJson),
        fc
          .record({ kind: fc.constantFrom('driver', 'resource'), uuid: fc.constantFrom('', ...uuids), method: anyText })
          .map(asciiJson),
      ),
      'x-jumpstarter-passphrase': latin,
      'any-bin': latin,
    },
    { requiredKeys: [':method', ':path', 'content-type'] },
  )

const serverHeaders = fc.record(
  {
    ':status': fc.constantFrom(200, 200, 200, 200, 404, 503),
    'content-type': fc.constantFrom('application/grpc', 'application/grpc', 'text/html', ''),
    'grpc-encoding': fc.constantFrom('identity', 'gzip', 'snappy'),
    resource: fc.oneof(anyText.map(asciiJson), anyValue.map(asciiJson), latin),
    'vitest-hardware-large-windows': latin,
  },
  { requiredKeys: [':status'] },
)

const trailers = fc.record(
  {
    'grpc-status': fc.oneof(fc.integer({ min: -1, max: 20 }).map(String), latin),
    'grpc-message': fc.oneof(latin, fc.constantFrom('%', '%ff%fe', '%ed%a0%80', '%F0%9F%98')),
    'vitest-hardware-error-bin': fc.oneof(
      latin,
      anyValue.map((value) => Buffer.from(JSON.stringify(value)).toString('base64')),
    ),
  },
  { requiredKeys: [] },
)

/** Takes one value of an arbitrary. The same seed gives the same value. */
function sample<T>(arbitrary: fc.Arbitrary<T>, seed: number): T {
  return fc.sample(arbitrary, { seed, numRuns: 1 })[0] as T
}

/**
 * Attacks an exporter once, as its client. Never fails.
 *
 * @param uuids the drivers of the exporter
 */
export async function attackExporter(path: string, uuids: readonly string[], seed: number): Promise<void> {
  const socket = connectSocket(path).on('error', () => undefined)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  if (seed % 3 === 0) socket.resume().write(sample(rawBytes(preface), seed))
  else sendCalls(socket, uuids, seed)
  await Promise.race([closed, delay(patienceMs)])
  socket.destroy()
}

function sendCalls(socket: Socket, uuids: readonly string[], seed: number): void {
  const session: ClientHttp2Session = connectHttp2('http://localhost', { createConnection: () => socket })
  session.on('error', () => undefined)
  const calls = fc.array(
    fc.record({
      headers: clientHeaders(uuids),
      bodies: fc.array(anyBody('input', uuids), { maxLength: 4 }),
      end: fc.constantFrom('end', 'end', 'end', 'reset', 'leave'),
    }),
    { minLength: 1, maxLength: 8 },
  )
  for (const { headers, bodies, end } of sample(calls, seed)) {
    try {
      const stream = session.request(headers).on('error', () => undefined)
      stream.resume()
      for (const body of bodies) stream.write(body)
      if (end === 'end') stream.end()
      else if (end === 'reset') stream.close(seed % 14)
    } catch {
      // Node.js refuses to send some of the headers.
    }
  }
}

/**
 * Listens as an exporter that answers with anything. The answers of each connection depend on the seed and on its number.
 *
 * @returns a function that ends it
 */
export async function startHostileExporter(path: string, seed: number): Promise<() => void> {
  let count = seed
  const sockets = new Set<Socket>()
  const http2 = createHttp2Server()
  http2.on('session', (session) => session.on('error', () => undefined))
  http2.on('stream', (stream) => {
    const answer = sample(
      fc.record({
        headers: serverHeaders,
        bodies: fc.array(anyBody('output', []), { maxLength: 4 }),
        trailers,
        end: fc.constantFrom('end', 'end', 'end', 'reset', 'leave', 'destroy'),
      }),
      count++,
    )
    stream.on('error', () => undefined).resume()
    stream.on('wantTrailers', () => {
      try {
        stream.sendTrailers(answer.trailers)
      } catch {
        // Node.js asks for trailers until it has some.
        stream.sendTrailers({ 'grpc-status': '0' })
      }
    })
    try {
      stream.respond(answer.headers, { waitForTrailers: answer.end === 'end' })
      for (const body of answer.bodies) stream.write(body)
      if (answer.end === 'end') stream.end()
      else if (answer.end === 'reset') stream.close(count % 14)
      else if (answer.end === 'destroy') stream.session?.destroy()
    } catch {
      stream.close()
    }
  })
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    socket.once('close', () => sockets.delete(socket))
    if (count++ % 5 === 0) {
      socket.resume().write(sample(rawBytes(Buffer.alloc(0)), count))
      void delay(patienceMs).then(() => socket.destroy())
    } else {
      http2.emit('connection', socket)
    }
  })
  server.listen(path)
  await once(server, 'listening')
  return () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
}
