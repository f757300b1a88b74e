import fc from 'fast-check'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'

import { Mutex } from '../../src/base/mutex.ts'

test('tasks run one at a time and in their order, however they end or are given up', async () => {
  const task = fc.record({
    ms: fc.integer({ min: 0, max: 2 }),
    end: fc.constantFrom('returns', 'rejects', 'throws', 'given up'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(task, { maxLength: 8 }), async (tasks) => {
      const mutex = new Mutex()
      const begun: number[] = []
      let running = 0
      const results = tasks.map(({ ms, end }, index) =>
        mutex.run(
          () => {
            begun.push(index)
            expect(++running).toBe(1)
            if (end === 'throws') {
              running--
              throw new Error(end)
            }
            return delay(ms).then(() => {
              running--
              if (end === 'rejects') throw new Error(end)
              return index
            })
          },
          { signal: end === 'given up' ? AbortSignal.abort(new Error(end)) : undefined },
        ),
      )
      const settled = await Promise.allSettled(results)
      const outcomes = settled.map((result) =>
        result.status === 'fulfilled' ? result.value : (result.reason as Error).message,
      )
      expect(outcomes).toEqual(tasks.map(({ end }, index) => (end === 'returns' ? index : end)))
      expect(begun).toEqual(tasks.flatMap(({ end }, index) => (end === 'given up' ? [] : [index])))
    }),
    { numRuns: 50 },
  )
})

test('a signal ends the wait, and neither the task before nor the order', async () => {
  const mutex = new Mutex()
  const { promise, resolve } = Promise.withResolvers<string>()
  const end = new AbortController()
  const first = mutex.run(() => promise, { signal: end.signal })
  const second = mutex.run(() => 'second', { signal: end.signal })
  const third = mutex.run(() => 'third')
  await delay(1)
  end.abort(new Error('enough'))
  await expect(second).rejects.toThrow('enough')
  expect(await Promise.race([third, delay(20, 'not yet')])).toBe('not yet')
  resolve('first')
  expect(await Promise.all([first, third])).toEqual(['first', 'third'])
})
