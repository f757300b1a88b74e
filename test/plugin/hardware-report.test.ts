import { expect, test } from 'vitest'

import type { RunEvent } from '../../src/leases/run-event.ts'
import { HardwareReport } from '../../src/plugin/hardware-report.ts'

function createReport(ending: () => Promise<void> = async () => undefined) {
  const lines: string[] = []
  let runs = 0
  const report = new HardwareReport({
    print: (line) => lines.push(line),
    annotate: () => undefined,
    started: () => runs++,
    ending,
  })
  return { report, lines, runs: () => runs }
}

const failed: RunEvent = { type: 'exporterFailed', exporter: 'uno', reason: 'it ended', consequence: 'kept' }

test('events are printed with their sender; those that are only recorded are not', () => {
  const { report, lines } = createReport()
  report.receive({ type: 'exporterOutput', exporter: 'uno', line: 'ready' })
  report.receive({ type: 'released', file: 'a.test.ts', heldMs: 5 })
  report.receive({ type: 'waitingLong', file: 'a.test.ts', for: { type: 'starting' }, waitedMs: 10_000 })
  report.receive(failed)
  expect(lines).toEqual([
    '[uno] ready',
    '[vitest-hardware] a.test.ts waits: the exporters are still starting',
    '[vitest-hardware] exporter uno has failed, and gets one more chance: it ended',
  ])
})

test('failures are repeated at the end of their run, with those that are reported while it ends', async () => {
  const { report, lines, runs } = createReport(async () => report.receive(failed))
  report.onTestRunStart()
  report.receive({ type: 'exporterOutput', exporter: 'uno', line: 'ready' })
  await report.onTestRunEnd()
  expect(lines.slice(2)).toEqual([
    '[vitest-hardware] the hardware in this run:',
    '[vitest-hardware]   exporter uno has failed, and gets one more chance: it ended',
  ])
  expect(runs()).toBe(1)
})

test('an exporter that did not start is told at the end, unless the error of a test has told it', async () => {
  const { report, lines } = createReport()
  report.receive({ type: 'exporterNotStarted', exporter: 'uno', reason: 'no file', durationMs: 9 })
  expect(lines).toEqual([])
  await report.onTestRunEnd()
  const told = ['[vitest-hardware] the hardware in this run:', '[vitest-hardware]   exporter uno: no file']
  expect(lines).toEqual(told)
  report.receive({ type: 'refused', file: 'a.test.ts', role: 'dut', code: 'SETUP_BROKEN', message: '…' })
  await report.onTestRunEnd()
  expect(lines).toEqual(told)
  await report.onTestRunEnd()
  expect(lines, 'the next run of a watch').toEqual([...told, ...told])
})

test('a run without failures has no summary', async () => {
  const { report, lines } = createReport()
  report.receive({ type: 'exporterOutput', exporter: 'uno', line: 'ready' })
  await report.onTestRunEnd()
  expect(lines).toEqual(['[uno] ready'])
})
