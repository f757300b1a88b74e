import fc from 'fast-check'
import { expect, test } from 'vitest'

import type { RecordingEvent, RecordingHeader } from '../../src/recording/recording-event.ts'
import { formatRecording, parseRecording } from '../../src/recording/recording-lines.ts'

const header: RecordingHeader = {
  format: 'vitest-hardware recording',
  version: 1,
  startedAt: '2026-01-02T03:04:05.678Z',
  versions: { 'vitest-hardware': '0.1.0', node: 'v24.0.0' },
  exporters: { dut: { name: 'bench', uuid: 'u', labels: { board: 'uno' }, drivers: [{ uuid: 'u', labels: {} }] } },
  files: [{ path: 'app.bin', size: 3, sha256: '00' }],
}

const time = fc.integer({ min: 0, max: 2 ** 40 }).map((us) => us / 1_000)
const id = fc.nat()
const text = fc.string({ unit: 'binary' })
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown)
const bytes = fc.oneof(
  fc.uint8Array(),
  text.map((one) => new TextEncoder().encode(one)),
)
const error = fc.record({ name: text, message: text, code: text, origin: text }, { requiredKeys: ['name', 'message'] })
const fields: { readonly [Type in RecordingEvent['type']]: Record<string, fc.Arbitrary<unknown>> } = {
  call: { id, role: text, driver: text, method: text, args: fc.array(json) },
  item: { id, value: json },
  return: { id, durationMs: time, value: json },
  open: { id, role: text, kind: fc.constantFrom('stream', 'file'), driver: text, method: text },
  bytes: { id, direction: fc.constantFrom('in', 'out'), bytes },
  skipped: { id, direction: fc.constantFrom('in', 'out'), bytes: id },
  close: { id, bytesIn: id, bytesOut: id, error },
  console: { console: text, id },
  output: { console: text, bytes },
  guard: { message: text },
  step: { id, kind: text, target: text, args: fc.array(json), site: text },
  stepEnd: { id, durationMs: time, result: json },
  log: { role: text, severity: text, source: text, message: text },
  run: { event: fc.record({ type: text, file: text }) },
  dropped: { what: text, count: id, bytes: id },
}
const event = fc.oneof(
  ...Object.entries(fields).map(([type, of]) => fc.record({ at: time, type: fc.constant(type), ...of })),
) as unknown as fc.Arbitrary<RecordingEvent>

function format(events: readonly RecordingEvent[]): string {
  return Array.from(formatRecording({ header, events })).join('')
}

test('a recording that is written and read has the same events', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const read = parseRecording(format(events), 'x')
      expect(read.isWhole).toBe(true)
      expect(read.header).toEqual(header)
      const plain = (list: readonly RecordingEvent[]) =>
        list.map((one) => ('bytes' in one && typeof one.bytes === 'object' ? { ...one, bytes: [...one.bytes] } : one))
      expect(plain(read.events)).toEqual(plain(events))
    }),
  )
})

const log: RecordingEvent = { at: 1, type: 'log', role: 'dut', severity: 'INFO', source: 'SYSTEM', message: 'up' }

test('a file that was cut anywhere behind its header is read up to there', () => {
  const whole = format([log, log])
  for (let length = whole.indexOf('\n') + 1; length < whole.length; length++) {
    const read = parseRecording(whole.slice(0, length), 'x')
    expect(read.isWhole).toBe(false)
    expect([0, 1, 2, 3]).toContain(read.events.length)
  }
})

test('events of a type that is not known are passed over', () => {
  const later = format([log]).replace('{"type":"end"}', '{"at":2,"type":"smell","strength":3}\n{"type":"end"}')
  expect(parseRecording(later, 'x')).toMatchObject({ isWhole: true, events: [log] })
})

test.for([
  ['', 'x is no recording'],
  ['hello\n', 'x is no recording'],
  ['{"format":"vitest-hardware recording"}\n', 'x is no recording'],
  [format([]).replace('"version":1', '"version":2'), 'x has version 2 of the format, and this vitest-hardware reads 1'],
  [format([log]).replace('"at":1', '"at":"1"'), 'x:2 is no event'],
  [format([log]).replace('{"at":1,', '{"at":1;'), 'x:2 is no event'],
  [
    format([{ at: 1, type: 'output', console: 'c', bytes: Buffer.from('a') }]).replace('"text"', '"next"'),
    'x:2 has no bytes',
  ],
] as const)('a file that is wrong is refused with the place: %#', ([content, message]) => {
  const parse = () => parseRecording(content, 'x')
  expect(parse).toThrow(message)
  expect(parse).toThrow(expect.objectContaining({ code: 'RECORDING_INVALID' }))
})
