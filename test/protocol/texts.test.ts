import { type DescMessage, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServiceError,
  status as Status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import fc from 'fast-check'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { HardwareError } from '../../src/index.ts'
import { parseAddress } from '../../src/protocol/address.ts'
import { ControllerClient } from '../../src/protocol/controller/controller-client.ts'
import { RouterTunnels } from '../../src/protocol/controller/router-tunnels.ts'
import { ClientService } from '../../src/protocol/generated/jumpstarter/client/v1/client_pb.ts'
import { ControllerService, ExporterService } from '../../src/protocol/generated/jumpstarter/v1/jumpstarter_pb.ts'
import { RouterService } from '../../src/protocol/generated/jumpstarter/v1/router_pb.ts'
import { GrpcChannel } from '../../src/protocol/grpc/grpc-channel.ts'
import { exporterService, routerService } from '../../src/protocol/services.ts'
import { errorsOfAllCalls } from '../support/all-calls.ts'
import { anyMessage, anyText, anyValue } from '../support/random-messages.ts'
import { openSession } from '../support/session.ts'
import { TextDriver } from '../support/text-driver.ts'

const methods = [ExporterService, RouterService, ControllerService, ClientService].flatMap((service) => service.methods)

/** The value as the wire carries it: texts are well-formed, `-0` is `0`, and no number is infinite. */
function onTheWire(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (Array.isArray(value)) return value.map(onTheWire)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toWellFormed(), onTheWire(item)]))
}

test.each(
  methods.flatMap(({ name, input, output }) =>
    [input, output].map((type) => [`${type.name} of ${name}`, type] as const),
  ),
)('%s carries any text in each of its fields', (_name, type: DescMessage) => {
  fc.assert(
    fc.property(anyMessage(type), (message) => {
      const received = fromBinary(type, toBinary(type, message))
      const texts = JSON.stringify(received, (_key, value: unknown) => (typeof value === 'bigint' ? 0 : value))
      // JSON writes half a character as an escape.
      expect(texts).not.toMatch(/\\ud[89a-f]/)
    }),
    { numRuns: 20 },
  )
})

describe('an exporter', () => {
  let opened: Awaited<ReturnType<typeof openSession>>
  let driver: TextDriver
  let raw: Client

  beforeAll(async () => {
    driver = new TextDriver()
    opened = await openSession(driver)
    await opened.session.start()
    raw = new Client(`unix:${opened.server.address}`, credentials.createInsecure())
  })

  afterAll(async () => {
    raw.close()
    await opened[Symbol.asyncDispose]()
  })

  const send = async (
    { path, requestSerialize, responseDeserialize }: MethodDefinition<never, unknown>,
    message: unknown,
  ) =>
    new Promise<unknown>((resolve) => {
      const deadline = Date.now() + 10_000
      const answered = (failure: ServiceError | null, response: unknown) => resolve(failure ?? response)
      raw.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message as never,
        new Metadata(),
        { deadline },
        answered,
      )
    })

  /** Reads a stream of the exporter to its end, and gives the status. */
  const read = async (call: NodeJS.EventEmitter & { cancel(): void }) => {
    const limit = setTimeout(() => call.cancel(), 10_000)
    call.on('data', () => undefined).on('error', () => undefined)
    const status = await new Promise<ServiceError>((resolve) => call.once('status', resolve))
    clearTimeout(limit)
    return status
  }

  test('answers any request of a client, with its texts or without', async () => {
    const { driverCall, streamingDriverCall, getStatus, endSession, getReport } = exporterService
    const named = fc.record({
      uuid: fc.constantFrom(driver.uuid, 'x'),
      method: fc.constantFrom('say', 'fail', 'note', 'later'),
    })
    const any = (type: DescMessage) =>
      fc.tuple(anyMessage(type), fc.option(named)).map(([message, name]) => ({ ...message, ...name }))
    const [call, stream] = [driverCall, streamingDriverCall].map((_, at) =>
      any(ExporterService.methods.filter(({ name }) => name.endsWith('DriverCall'))[at]!.input),
    )
    await fc.assert(
      fc.asyncProperty(call!, stream!, async (request, streamRequest) => {
        for (const method of [driverCall, getStatus, endSession, getReport]) {
          const answer = await send(method as never, method === driverCall ? request : {})
          expect(answer).not.toMatchObject({
            code: Status.DEADLINE_EXCEEDED,
            details: expect.stringContaining('Deadline'),
          })
        }
        const { path, requestSerialize, responseDeserialize } = streamingDriverCall
        const call = raw.makeServerStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          streamRequest as never,
          new Metadata(),
          {},
        )
        expect((await read(call)).code).not.toBe(Status.CANCELLED)
      }),
      { numRuns: 50 },
    )
  })

  test('answers any request for a stream', async () => {
    const request = fc.record(
      {
        kind: fc.oneof(fc.constantFrom('driver', 'resource'), anyText),
        uuid: fc.oneof(fc.constant(driver.uuid), anyText),
        method: fc.oneof(fc.constantFrom('say', 'constructor', '__proto__'), anyText),
        x_jmp_content_encoding: fc.oneof(fc.constantFrom('gzip', 'constructor', null), anyText),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(fc.oneof(request, anyValue), async (value) => {
        const metadata = new Metadata()
        const text = JSON.stringify(value).replaceAll(
          /[^ -~]/g,
          (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
        )
        metadata.set('request', text)
        const { path, requestSerialize, responseDeserialize } = routerService.stream
        const call = raw.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, {})
        call.once('metadata', () => call.cancel())
        expect((await read(call)).code).not.toBe(Status.OK)
      }),
      { numRuns: 100 },
    )
    expect(await opened.channel.call({ uuid: driver.uuid, method: 'say' }, ['x'])).toBe('x')
  })

  test('sends any text of a driver: in results, records, errors and its log', async () => {
    const { channel } = opened
    const target = (method: string) => ({ uuid: driver.uuid, method })
    await fc.assert(
      fc.asyncProperty(anyText, anyValue, async (text, value) => {
        expect(JSON.stringify(await channel.call(target('say'), [value]))).toBe(JSON.stringify(onTheWire(value)))
        expect(await Array.fromAsync(channel.streamingCall(target('repeat'), [text, 2]))).toEqual(
          [text, text].map((each) => each.toWellFormed()),
        )
        const shown = text.toWellFormed().slice(0, 798)
        for (const method of ['fail', 'later']) {
          const failed =
            method === 'fail'
              ? channel.call(target(method), [text])
              : Array.fromAsync(channel.streamingCall(target(method), [text]))
          const error = await failed.then(
            () => undefined,
            (thrown: unknown) => thrown,
          )
          expect(error).toBeInstanceOf(HardwareError)
          const { message } = error as HardwareError
          expect(text === '' ? '' : message).toContain(shown.replace(/[\ud800-\udbff]$/, ''))
          expect(message.isWellFormed()).toBe(true)
        }
        await channel.call(target('note'), [text])
        const stream = await channel.openStream(target('broken'))
        const broken = new Promise<Error>((resolve) => stream.once('error', resolve))
        stream.resume().write(Buffer.from(`x${text}`, 'utf16le'))
        expect((await broken).message.isWellFormed()).toBe(true)
      }),
      { numRuns: 30 },
    )
    const reading = channel.logs()
    expect((await reading.next()).value).toMatchObject({ message: expect.stringContaining('TextDriver]') })
    await reading.return()
  })

  test('cuts a long message at a whole character', async () => {
    const failed = opened.channel.call({ uuid: driver.uuid, method: 'fail' }, [`${'a'.repeat(799)}😀 and more`])
    await expect(failed).rejects.toThrow(`fail: ${'a'.repeat(799)}…`)
  })

  test.each([
    'no prototype',
    'symbol',
    'message that is no text',
    'no constructor',
    'message that throws',
    'undefined',
  ])('answers when a driver throws a value that is hard to describe: %s', async (kind) => {
    const failed = opened.channel.call({ uuid: driver.uuid, method: 'odd' }, [kind], { timeoutMs: 10_000 })
    await expect(failed).rejects.toMatchObject({ code: 'CALL_FAILED' })
  })

  test('a method of any name can be asked for', async () => {
    for (const method of ['größe', 'half \ud800', '😀', 'line\nend']) {
      const target = { uuid: driver.uuid, method }
      const message = `method ${method.toWellFormed()} not found on driver`
      await expect(opened.channel.openStream(target)).rejects.toMatchObject({ code: 'METHOD_NOT_FOUND' })
      await expect(opened.channel.call(target, [])).rejects.toMatchObject({
        code: 'METHOD_NOT_FOUND',
        message: expect.stringContaining(message),
      })
    }
  })
})

describe('a client', () => {
  /** Runs an exporter that gives the answers it is told to. */
  async function answering(exporter: UntypedServiceImplementation, router: UntypedServiceImplementation) {
    const folder = await createPrivateFolder()
    const server = new Server()
    server.addService(exporterService, exporter)
    server.addService(routerService, router)
    const path = join(folder.path, 's.sock')
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      )
    })
    return {
      path,
      async [Symbol.asyncDispose]() {
        server.forceShutdown()
        await folder.remove()
      },
    }
  }

  test('takes any answer of an exporter, or refuses it with one of its errors', async () => {
    const answers = fc.record({
      ...Object.fromEntries(
        ExporterService.methods.map(({ localName, output }) => [localName, anyMessage(output)] as const),
      ),
      resource: fc.oneof(
        anyText,
        anyValue.map((value) => JSON.stringify(value)),
      ),
      refusal: fc.option(fc.record({ code: fc.integer({ min: 1, max: 20 }), details: anyText })),
    })
    // One server for all answers.
    let now: (typeof answers extends fc.Arbitrary<infer T> ? T : never) | undefined
    const failure = () => (now?.refusal ? { ...now.refusal, details: now.refusal.details.toWellFormed() } : null)
    const message = (name: string) => now?.[name as keyof typeof now]
    const unary = (name: string) => (_call: unknown, respond: (failure: unknown, message?: unknown) => void) =>
      respond(name === 'getReport' ? null : failure(), message(name))
    const stream =
      (name: string) =>
      (call: { write(message: unknown): void; end(): void; emit(event: 'error', failure: unknown): void }) => {
        call.write(message(name))
        if (failure() === null) call.end()
        else call.emit('error', failure())
      }
    const names = ['getReport', 'driverCall', 'getStatus', 'endSession', 'reset']
    await using exporter = await answering(
      {
        ...Object.fromEntries(names.map((name) => [name, unary(name)])),
        streamingDriverCall: stream('streamingDriverCall'),
        logStream: stream('logStream'),
      },
      {
        stream: (call: { sendMetadata(metadata: Metadata): void; end(): void }) => {
          const metadata = new Metadata()
          metadata.set('resource', (now?.resource ?? '').replaceAll(/[^ -~]/g, '?'))
          call.sendMetadata(metadata)
          call.end()
        },
      },
    )
    await fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        now = answer
        const errors = await errorsOfAllCalls(exporter.path, { timeoutMs: 20_000, connectMs: 200 })
        expect(errors.filter((error) => !(error instanceof HardwareError))).toEqual([])
      }),
      { numRuns: 25 },
    )
  })

  test.each(['constructor', '__proto__', 'toString', 'NO_SUCH_CODE', 7, null])(
    'an error whose code is %j is a failed call',
    async (code) => {
      const metadata = new Metadata()
      const facts = { name: 'constructor', code, origin: 'constructor' }
      metadata.set('vitest-hardware-error-bin', Buffer.from(JSON.stringify(facts)))
      const failure = { code: Status.UNKNOWN, details: 'boom', metadata }
      await using exporter = await answering(
        { driverCall: (_call: unknown, respond: sendUnaryData<unknown>) => respond(failure) },
        {},
      )
      const channel = new GrpcChannel(parseAddress(exporter.path))
      const failed = channel.call({ uuid: 'x', method: 'y' }, [], { timeoutMs: 10_000 })
      await expect(failed).rejects.toMatchObject({ code: 'CALL_FAILED', origin: 'board', message: 'y: boom' })
      channel.close()
    },
  )

  test.each(['tökén-geheim', 'geheim\nx', 'geheim \ud800'])(
    'a token that cannot be sent is refused without showing it: %j',
    (token) => {
      const endpoint = { address: 'localhost:1', namespace: 'default', name: 'desk', token, insecure: true } as const
      for (const open of [
        () => new ControllerClient(endpoint, 'Client', 1_000),
        () => new RouterTunnels({ insecure: true }).open({ endpoint: 'localhost:1', token }),
      ]) {
        const error = thrownBy(open)
        expect(error).toBeInstanceOf(HardwareError)
        expect(error).toMatchObject({ message: expect.not.stringContaining('geheim') })
        expect(error).toMatchObject({ message: expect.stringContaining('authorization') })
      }
    },
  )
})

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
