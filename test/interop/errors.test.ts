import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { connect, type Connection, type DriverClient } from '../../src/clients/index.ts'
import { HardwareError } from '../../src/index.ts'
import { DirectExporter } from '../../src/leases/direct-exporter.ts'
import type { LeaseEvent } from '../../src/leases/lease-event.ts'
import { writeExporterFile } from './support/exporter-file.ts'
import { type RunningExporter, startOurs, startTheirs } from './support/exporters.ts'
import { PythonClient, type PythonError, pythonMissing } from './support/python.ts'
import { useSurroundings } from './support/use-surroundings.ts'

const missing = pythonMissing()

describe.skipIf(missing !== undefined)(`errors${missing === undefined ? '' : ` (${missing})`}`, () => {
  const shared = useSurroundings()

  describe('that their drivers raise, as our client has them', () => {
    let exporter: RunningExporter
    let connection: Connection
    let probe: DriverClient
    beforeAll(async () => {
      exporter = await startTheirs(writeExporterFile(shared.surroundings, 'theirs'), 'unix socket', shared.certificates)
      connection = await connect(exporter.endpoint.address)
      probe = connection.root.children['probe'] as DriverClient
    })
    afterAll(async () => {
      connection.close()
      await exporter[Symbol.asyncDispose]()
    })

    /** `ConnectionError` and `OSError` are UNKNOWN in 0.9.0; later releases tell them apart. */
    const expected = [
      ['NotImplementedError', 'NOT_IMPLEMENTED', 'board', 'boom'],
      ['ValueError', 'ARGUMENT_INVALID', 'test', 'boom'],
      ['TimeoutError', 'CALL_TIMEOUT', 'board', 'boom'],
      ['ConnectionError', 'CALL_FAILED', 'board', 'boom'],
      ['OSError', 'CALL_FAILED', 'board', 'boom'],
      ['RuntimeError', 'CALL_FAILED', 'board', 'boom'],
      ['KeyError', 'CALL_FAILED', 'board', "'boom'"],
    ] as const

    test.each(expected)('%s is %s', async (kind, code, origin, text) => {
      const error: unknown = await probe.call('fail', kind, 'boom').catch((failure: unknown) => failure)
      expect(error).toBeInstanceOf(HardwareError)
      expect(error).toMatchObject({ code, origin, message: `probe.fail: ${text}` })
    })

    test.each(expected)(
      '%s in the middle of a stream is %s, after what came before it',
      async (kind, code, origin, text) => {
        const records: unknown[] = []
        const all = async () => {
          for await (const record of probe.streamingCall('fail_stream', kind, 'boom')) records.push(record)
        }
        await expect(all()).rejects.toMatchObject({ code, origin, message: `probe.fail_stream: ${text}` })
        expect(records).toEqual([1])
      },
    )

    test.each([
      ['a method that is not there', () => probe.call('nothing'), 'method nothing not found on driver'],
      ['a streaming method that is called', () => probe.call('tick'), 'method tick missing marker marker_drivercall'],
      [
        'a call that is streamed',
        () => Array.fromAsync(probe.streamingCall('echo', 1)),
        'method echo missing marker marker_streamingdrivercall',
      ],
      ['a call that is opened', () => probe.stream('echo'), 'method echo missing marker marker_streamcall'],
    ])('%s is METHOD_NOT_FOUND', async (_what, use, text) => {
      await expect(use()).rejects.toMatchObject({ code: 'METHOD_NOT_FOUND', message: expect.stringContaining(text) })
    })

    test('their exporter gives no leases, and can be used without one', async () => {
      const warnings: unknown[] = []
      const emit = (event: LeaseEvent) => warnings.push(event.type)
      const run = await DirectExporter.connect({ name: 'theirs', endpoint: exporter.endpoint, shared: true, emit })
      await run.reserve()
      expect(await run.lease()).toMatchObject({ endpoint: exporter.endpoint })
      expect(warnings).toEqual(['exporterWarning'])
      await run.close()
    })

    test('a value that no number on the wire can hold is refused before it leaves', async () => {
      await expect(probe.call('echo', new Uint8Array(1))).rejects.toMatchObject({ code: 'VALUE_UNSUPPORTED' })
      expect(await probe.call('echo', [Number.NaN, Infinity])).toEqual([null, null])
    })
  })

  describe('that our drivers throw, as their client has them', () => {
    let exporter: RunningExporter
    let python: PythonClient
    beforeAll(async () => {
      exporter = await startOurs(writeExporterFile(shared.surroundings, 'ours'), 'unix socket', shared.certificates)
      python = await PythonClient.connect(exporter.endpoint)
    })
    afterAll(async () => {
      await python[Symbol.asyncDispose]()
      await exporter[Symbol.asyncDispose]()
    })

    const raised = (code: string) => python.run(code).catch((error: unknown) => error as PythonError)

    test.each([
      ['NotImplementedError', ['DriverMethodNotImplemented', 'NotImplementedError'], 'UNIMPLEMENTED'],
      ['ValueError', ['DriverInvalidArgument', 'ValueError'], 'INVALID_ARGUMENT'],
      ['TimeoutError', ['DriverError'], 'DEADLINE_EXCEEDED'],
      ['ConnectionError', ['DriverError'], 'UNAVAILABLE'],
      ['OSError', ['DriverError'], 'INTERNAL'],
      ['RuntimeError', ['DriverError'], 'UNKNOWN'],
    ])('the like of %s', async (kind, classes, status) => {
      expect(await raised(`client.probe.call("fail", "${kind}", "boom")`)).toMatchObject({
        classes: expect.arrayContaining(classes),
        message: expect.stringContaining(`DriverCall 'fail' failed with gRPC ${status}: boom`),
      })
      const stream = `
seen = []
try:
    for record in client.probe.streamingcall("fail_stream", "${kind}", "boom"):
        seen.append(record)
except Exception as error:
    result = [seen, type(error).__name__, str(error)]`
      expect(await python.run(stream)).toEqual([[1], classes[0], expect.stringMatching(/^boom/)])
    })

    test('a method that is not there, and one of another kind', async () => {
      for (const [call, text] of [
        ['client.probe.call("nothing")', 'method nothing not found on driver'],
        ['client.probe.call("tick")', 'method tick missing marker marker_drivercall'],
      ] as const) {
        expect(await raised(call)).toMatchObject({
          classes: expect.arrayContaining(['DriverMethodNotImplemented']),
          message: expect.stringContaining(text),
        })
      }
      expect(await raised('list(client.probe.streamingcall("echo", 1))')).toMatchObject({
        classes: expect.arrayContaining(['DriverError']),
        message: expect.stringContaining('method echo missing marker marker_streamingdrivercall'),
      })
    })

    test('a client is told who has the exporter, and goes on after that', async () => {
      const run = await DirectExporter.connect({ name: 'ours', endpoint: exporter.endpoint })
      await run.reserve()
      const holder = expect.stringMatching(/it is leased by .+ \(process \d+ on .+\), since /)
      for (const use of ['client.power.on()', 'list(client.power.read())']) {
        expect(await raised(use)).toMatchObject({ message: holder })
      }
      expect(await raised('client.power.on()')).toMatchObject({
        classes: expect.arrayContaining(['ExporterNotReady']),
      })
      const late = await PythonClient.connect(exporter.endpoint)
      expect(await late.run('result = sorted(client.children)')).toContain('power')
      await late[Symbol.asyncDispose]()
      await run.close()
      await expect.poll(() => python.run('client.power.on()').then(() => 'done')).toBe('done')
    })

    test('readings are validated strictly, and are floats', async () => {
      expect(await python.run('result = [type(r.current).__name__ for r in client.power.read()]')).toEqual([
        'float',
        'float',
      ])
    })
  })
})
