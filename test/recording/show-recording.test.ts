import { expect, test } from 'vitest'

import type { RecordingEvent, RecordingHeader } from '../../src/recording/recording-event.ts'
import { showRecording } from '../../src/recording/show-recording.ts'

const header: RecordingHeader = {
  format: 'vitest-hardware recording',
  version: 1,
  startedAt: '2026-01-02T03:04:05.678Z',
  versions: { 'vitest-hardware': '0.1.0', node: 'v24.0.0' },
  test: { file: '/work/board.test.ts', name: 'boots', retry: 1, repeats: 0, start: 812.5, end: 1993.25 },
  exporters: { dut: { name: 'bench', drivers: [{ uuid: 'u', labels: {} }] } },
  files: [{ path: 'app.bin', size: 3, sha256: 'ba78' }, { path: 'old.bin' }],
}
const error = { name: 'HardwareError', code: 'CONSOLE_TIMEOUT', message: 'did not print "login: "\nlast lines' }
const bytes = (text: string) => Buffer.from(text)
const events: readonly RecordingEvent[] = [
  { at: 1, type: 'run', event: { type: 'leased', exporters: { dut: 'bench' } } },
  { at: 2, type: 'step', id: 1, kind: 'step', target: 'boots', args: [], site: '/work/board.test.ts:9:3' },
  { at: 3, type: 'step', id: 2, parent: 1, kind: 'call', target: 'dut.power.on', args: [{ delay: 1 }] },
  { at: 4, type: 'call', id: 3, role: 'dut', driver: 'power', method: 'on', args: [{ delay: 1 }] },
  { at: 5.25, type: 'return', id: 3, durationMs: 1.25, value: true },
  { at: 6, type: 'stepEnd', id: 2, durationMs: 3 },
  { at: 7, type: 'open', id: 4, role: 'dut', kind: 'stream', driver: 'console', method: 'connect' },
  { at: 7.5, type: 'console', console: 'dut.console', id: 4 },
  { at: 8, type: 'output', console: 'dut.console', bytes: bytes('U-B') },
  { at: 9, type: 'output', console: 'dut.console', bytes: bytes('oot\r\n\u001B[1mlog') },
  { at: 10, type: 'bytes', id: 4, direction: 'out', bytes: bytes('\r') },
  { at: 11, type: 'log', role: 'dut', severity: 'WARNING', source: 'DRIVER', message: 'hot' },
  { at: 12, type: 'guard', message: 'console dut.console reports a kernel panic' },
  { at: 13, type: 'stepEnd', id: 1, durationMs: 11, error },
  { at: 14, type: 'call', id: 5, role: 'dut', driver: 'meter', method: 'readings', args: [], streaming: true },
  { at: 15, type: 'item', id: 5, value: 1 },
  { at: 16, type: 'close', id: 4, bytesIn: 12, bytesOut: 1 },
  { at: 17, type: 'dropped', what: 'calls of dut', count: 7, bytes: 70 },
]

test('each call, step and line of a console has a line', () => {
  expect([...showRecording({ header, events })].join('\n')).toBe(
    `
boots (/work/board.test.ts, retry 1, repetition 0)
the test ran from 812.500 to 1993.250 ms of the clock, which began at 2026-01-02T03:04:05.678Z
vitest-hardware 0.1.0, node v24.0.0
dut: exporter bench, 1 driver
file app.bin: 3 bytes, sha256 ba78
file old.bin: changed since

       1.000  run: leased {"exporters":{"dut":"bench"}}
       2.000  ▶ boots  11.0 ms  ✗ CONSOLE_TIMEOUT: did not print "login: "  /work/board.test.ts:9:3
       3.000    ▶ dut.power.on({"delay":1})  3.0 ms
       4.000  call dut.power.on({"delay":1}) → true  1.3 ms
       7.000  stream dut.console.connect opens
       8.000  dut.console | U-Boot
      10.000  stream dut.console.connect → 1 bytes "\\r"
      11.000  log of dut, WARNING: hot
      12.000  guard: console dut.console reports a kernel panic
      14.000  call dut.meter.readings()  (no end)
      16.000  stream dut.console.connect closes after 12 bytes in and 1 out
      17.000  … 7 older calls of dut are missing (70 bytes)
       9.000  dut.console | log`.trimStart(),
  )
})

test('a recording without a test, and an output without text, are shown too', () => {
  const noise: RecordingEvent = { at: 1, type: 'output', console: 'c', bytes: Uint8Array.of(255, 254) }
  const lines = [...showRecording({ header: { ...header, test: undefined, files: [] }, events: [noise] })]
  expect(lines[0]).toBe('the clock began at 2026-01-02T03:04:05.678Z')
  expect(lines.at(-1)).toBe('       1.000  c | \uFFFD\uFFFD')
})
