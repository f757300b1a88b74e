import { expect, test } from 'vitest'

import { FrameQueue } from '../../../src/drivers/can/frame-queue.ts'

const { signal } = new AbortController()

test('elements come in order, to readers that wait and to those that come later', async () => {
  const queue = new FrameQueue<number>({ dropped: () => undefined })
  const waiting = [queue.take(10_000, signal), queue.take(Infinity, signal)]
  // At once, before a reader has gone on.
  for (let n = 0; n < 5_000; n++) queue.push(n)
  expect(await Promise.all(waiting)).toEqual([0, 1])
  for (let n = 2; n < 5_000; n++) expect(await queue.take(0, signal)).toBe(n)
  expect(await queue.take(0, signal)).toBeUndefined()
  expect(queue.length).toBe(0)
})

test('a reader that has gone gets nothing', async () => {
  const queue = new FrameQueue<number>({ dropped: () => undefined })
  expect(await queue.take(5, signal)).toBeUndefined()
  const controller = new AbortController()
  const cancelled = queue.take(Infinity, controller.signal)
  controller.abort(new Error('gone'))
  queue.push(1)
  await expect(cancelled).rejects.toThrow('gone')
  expect(await queue.take(0, signal)).toBe(1)
  const failed = queue.take(Infinity, signal)
  queue.fail(new Error('lost'))
  queue.push(2)
  await expect(failed).rejects.toThrow('lost')
  expect(await queue.take(0, signal)).toBe(2)
})

test('a full queue drops the oldest, and says so once for each series', async () => {
  let told = 0
  const queue = new FrameQueue<number>({ limit: 3, dropped: () => told++ })
  for (let n = 0; n < 10; n++) queue.push(n)
  expect([told, queue.length]).toEqual([1, 3])
  queue.keep((element) => element !== 8)
  expect([await queue.take(0, signal), await queue.take(0, signal)]).toEqual([7, 9])
  expect(await queue.take(0, signal)).toBeUndefined()
  for (let n = 0; n < 10; n++) queue.push(n)
  expect(told).toBe(2)
})
