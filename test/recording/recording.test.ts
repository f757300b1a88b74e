import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, duplexPair, PassThrough } from 'node:stream'
import { expect, test } from 'vitest'

import { SerialClient } from '../../src/clients/index.ts'
import { CompositeDriver } from '../../src/runtime/index.ts'
import { noteFile, withRecorder } from '../../src/recording/record-step.ts'
import { Recorder } from '../../src/recording/recorder.ts'
import { RecordingClock } from '../../src/recording/recording-clock.ts'
import type { RecordingEvent } from '../../src/recording/recording-event.ts'
import { parseRecording } from '../../src/recording/recording-lines.ts'
import { Recording } from '../../src/recording/recording.ts'
import { writeRecording } from '../../src/recording/write-recording.ts'
import { byteStream, call, defineInterface, Driver, streaming } from '../../src/index.ts'
import { Serial } from '../../src/interfaces/index.ts'
import { openSession } from '../support/session.ts'

const Meter = defineInterface({
  client: 'test.MeterClient',
  methods: {
    range: call<(range: { max: number }) => { max: number }>(),
    readings: streaming<() => number>(),
    fail: call(),
    echo: byteStream(),
  },
})

class MeterDriver extends Driver {
  static readonly interface = Meter
  range(range: { max: number }) {
    return range
  }
  async *readings() {
    yield 1
    yield 2
  }
  fail() {
    this.logger.warning('out of range')
    throw new Error('burnt')
  }
  echo() {
    return new PassThrough()
  }
}

/** A port whose device prints what it gets, one byte at a time. */
class EchoPort extends Driver {
  static readonly interface = Serial
  connect(): Duplex {
    const [near, device] = duplexPair()
    device.on('data', (bytes: Buffer) => bytes.forEach((byte) => device.write(Uint8Array.of(byte))))
    return near
  }
  override close() {}
  setDtr() {}
  setRts() {}
}

/** Writes the recording and reads it again. */
async function writtenBy(recorder: Recorder, scope = 'test') {
  const folder = await mkdtemp(join(tmpdir(), 'recording-'))
  try {
    const path = join(folder, 'recording.jsonl')
    const steps = recorder.steps(scope).map((step) => ({ step }))
    await writeRecording(path, { recorder, steps, exporters: { dut: 'bench' } })
    const text = await readFile(path, 'utf8')
    return { ...parseRecording(text, path), text }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function recordedBoard(recorder: Recorder) {
  const root = new CompositeDriver({ meter: new MeterDriver(), port: new EchoPort() })
  const recording = new Recording('dut', recorder.clock)
  recorder.addRecording(recording)
  const board = await openSession(root, { connect: { role: 'dut', recorder, recording } })
  await board.session.start?.()
  return board
}

test('a file has all that passed over a connection, in the order of time, without secrets', async () => {
  const recorder = new Recorder()
  await using board = await recordedBoard(recorder)
  const { meter, port } = board.root.children
  if (meter === undefined || !(port instanceof SerialClient)) throw new Error('no such driver')
  await withRecorder(recorder, 'test', async () => {
    const range = { max: 5 }
    await meter.call('range', range)
    // A later change of the value is no part of the call.
    range.max = 6
    for await (const reading of meter.streamingCall('readings')) expect(reading).toBeGreaterThan(0)
    await expect(meter.call('fail')).rejects.toThrow('burnt')
    await port.secret('hunter2')
    await port.sendLine('version 1.2')
    await port.expect(/version (\S+)\r/)
    const stream = await meter.stream('echo')
    const bytes = Buffer.from([0, 255, 1])
    stream.write(bytes)
    for await (const chunk of stream) {
      expect(chunk).toEqual(bytes)
      stream.end()
    }
  })
  const { header, events, isWhole, text } = await writtenBy(recorder)
  expect(isWhole).toBe(true)
  expect(header.exporters['dut']).toMatchObject({ name: 'bench', drivers: [{}, {}, {}] })
  expect(text).not.toContain('hunter2')
  expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).toSorted((one, other) => one - other))

  const of = (type: RecordingEvent['type']) => events.filter((event) => event.type === type)
  expect(of('call')).toMatchObject([
    { role: 'dut', driver: 'meter', method: 'range', args: [{ max: 5 }] },
    { driver: 'meter', method: 'readings', args: [], streaming: true },
    { driver: 'meter', method: 'fail' },
  ])
  const [range, readings, fail] = of('return')
  expect(range).toMatchObject({ value: { max: 5 } })
  expect(readings).not.toHaveProperty('error')
  expect(fail).toMatchObject({ error: { name: 'HardwareError', code: 'CALL_FAILED', origin: 'board' } })
  expect(of('item')).toMatchObject([{ value: 1 }, { value: 2 }])
  const [console, echo] = of('open')
  expect(console).toMatchObject({ driver: 'port', method: 'connect', kind: 'stream' })
  expect(echo).toMatchObject({ driver: 'meter', method: 'echo', kind: 'stream' })
  expect(of('close')).toContainEqual(
    expect.objectContaining({ id: echo && 'id' in echo && echo.id, bytesIn: 3, bytesOut: 3 }),
  )
  expect(of('console')).toMatchObject([{ console: 'dut.port' }])
  const textOf = (list: readonly RecordingEvent[]) =>
    Buffer.concat(
      list.flatMap((event) => ('bytes' in event && typeof event.bytes === 'object' ? [event.bytes] : [])),
    ).toString()
  expect(textOf(of('output'))).toBe('***\rversion 1.2\r')
  const bytes = of('bytes').filter(
    (event) => event.type === 'bytes' && event.id === (console && 'id' in console && console.id),
  )
  expect(bytes.every((event) => event.type === 'bytes' && event.direction === 'out')).toBe(true)
  expect(textOf(bytes)).toBe('***\rversion 1.2\r')
  const steps = of('step').map((event) => event.type === 'step' && event.target)
  expect(steps).toEqual([
    'dut.meter.range',
    'dut.meter.readings',
    'dut.meter.fail',
    'dut.port.secret',
    'dut.port.connect',
    'dut.port.sendLine',
    'dut.port.expect',
    'dut.meter.echo',
  ])
  expect(of('stepEnd')).toContainEqual(
    expect.objectContaining({ result: expect.objectContaining({ captures: ['1.2'] }) }),
  )
})

test('a line of the log is recorded once, however many read it', async () => {
  const recorder = new Recorder()
  await using board = await recordedBoard(recorder)
  await expect(board.root.children['meter']?.call('fail')).rejects.toThrow('burnt')
  for (let readers = 0; readers < 2; readers++) {
    for await (const { message } of board.channel.logs()) if (message.includes('out of range')) break
  }
  const { events } = await writtenBy(recorder)
  expect(events.filter((event) => event.type === 'log' && event.message.includes('out of range'))).toHaveLength(1)
})

test('a recording keeps its newest part within its size, and says how much is missing', () => {
  const limit = 1024 * 1024
  const recording = new Recording('dut', new RecordingClock(), limit)
  const stream = new PassThrough({ highWaterMark: 8 * limit })
  recording.opened(stream, { driver: 'net', method: 'connect' }, 'stream')
  const call = recording.begin({ driver: 'power', method: 'on' }, [], { streaming: false })
  for (let count = 0; count < 3_000; count++) stream.write(randomBytes(1024))
  recording.returned(call, 'x'.repeat(10))
  expect(recording.bytes).toBeLessThanOrEqual(limit)
  const events = recording.list()
  expect(events.map(({ type }) => type).slice(0, 4)).toEqual(['open', 'call', 'return', 'dropped'])
  const kept = events.filter(({ type }) => type === 'bytes').length
  const dropped = events.find((event) => event.type === 'dropped')
  // Each chunk passes twice: it is written and read.
  expect(dropped).toMatchObject({ what: 'bytes of streams of dut', count: 6_000 - kept, bytes: (6_000 - kept) * 1024 })
  expect(kept).toBeGreaterThan(500)
})

test('many calls are kept within the size, too', () => {
  const limit = 1024 * 1024
  const recording = new Recording('dut', new RecordingClock(), limit)
  for (let count = 0; count < 20_000; count++) {
    recording.returned(recording.begin({ driver: 'a', method: 'b' }, [{ count }], { streaming: false }), { count })
  }
  expect(recording.bytes).toBeLessThanOrEqual(limit)
  expect(recording.list().at(-1)).toMatchObject({ type: 'return', value: { count: 19_999 } })
})

test('bytes that came before the stream was recorded are part of it, and can still be read', async () => {
  const stream = new PassThrough()
  stream.write('early ')
  const recording = new Recording('dut', new RecordingClock())
  recording.opened(stream, { driver: 'net', method: 'connect' }, 'stream')
  stream.end('late')
  const read: Buffer[] = []
  for await (const chunk of stream) read.push(chunk as Buffer)
  expect(Buffer.concat(read).toString()).toBe('early late')
  const events = recording.list().filter((event) => event.type === 'bytes' && event.direction === 'in')
  const bytes = events.flatMap((event) => (event.type === 'bytes' ? [event.bytes] : []))
  expect(Buffer.concat(bytes).toString()).toBe('early late')
})

test('of a file for a driver the size and the hash are recorded, unless it has changed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'firmware-'))
  try {
    const recorder = new Recorder()
    const [kept, changed] = [join(folder, 'kept.bin'), join(folder, 'changed.bin')]
    for (const path of [kept, changed]) {
      await writeFile(path, 'abc')
      withRecorder(recorder, 'test', () => noteFile(path, { size: 3, mtimeMs: 0 }))
    }
    const { mtimeMs } = await import('node:fs/promises').then(({ stat }) => stat(kept))
    withRecorder(recorder, 'test', () => noteFile(kept, { size: 3, mtimeMs }))
    const { header } = await writtenBy(recorder)
    // The hash is the example of FIPS 180-2, appendix B.1.
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(header.files).toEqual([{ path: kept, size: 3, sha256 }, { path: changed }])
  } finally {
    await rm(folder, { recursive: true })
  }
})
