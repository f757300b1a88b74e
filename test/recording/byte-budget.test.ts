import { expect, test } from 'vitest'

import { PassThrough } from 'node:stream'

import { ByteBudget } from '../../src/recording/byte-budget.ts'
import { RecordingClock } from '../../src/recording/recording-clock.ts'
import { Recording } from '../../src/recording/recording.ts'

/** Takes chunks of 1 KiB as often as the budget allows, at one time. */
function takeAll(budget: ByteBudget, time: number): number {
  let taken = 0
  while (budget.takes(1024, time)) taken++
  return taken
}

test('8 MiB are kept at once, and then 1 MiB a second, with 200 bytes for each chunk', () => {
  const budget = new ByteBudget()
  expect(takeAll(budget, 0)).toBe(Math.floor((8 * 1024 * 1024) / 1224))
  const second = takeAll(budget, 1_000)
  expect(second).toBeGreaterThan(830)
  expect(second).toBeLessThan(840)
  expect(takeAll(budget, 1_000_000)).toBe(Math.floor((8 * 1024 * 1024) / 1224))
})

test('of a stream that is too fast the size is recorded', async () => {
  const recording = new Recording('dut', new RecordingClock())
  const stream = new PassThrough({ highWaterMark: 64 * 1024 * 1024 })
  recording.opened(stream, { driver: 'net', method: 'connect' }, 'stream')
  const chunk = Buffer.alloc(64 * 1024)
  const chunks = 200
  for (let count = 0; count < chunks; count++) stream.write(chunk)
  stream.destroy()
  await new Promise((resolve) => stream.once('close', resolve))
  const events = recording.list()
  const total = { in: 0, out: 0 }
  for (const event of events) {
    if (event.type === 'bytes') total[event.direction] += event.bytes.length
    if (event.type === 'skipped') total[event.direction] += event.bytes
  }
  const size = chunks * chunk.length
  expect(total).toEqual({ in: size, out: size })
  expect(events.filter(({ type }) => type === 'skipped').length).toBeGreaterThan(0)
  expect(events).toContainEqual(expect.objectContaining({ type: 'close', bytesIn: size, bytesOut: size }))
  const kept = events.flatMap((event) => (event.type === 'bytes' ? [event.bytes.length] : []))
  expect(kept.reduce((sum, length) => sum + length, 0)).toBeLessThan(10 * 1024 * 1024)
})
