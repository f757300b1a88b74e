import { expect, test, vi } from 'vitest'

import { retry, type RetryOptions } from '../../src/base/retry.ts'

const options: RetryOptions = { firstWaitMs: 1, maxWaitMs: 4, timeoutMs: 10_000, isRetryable: () => true }

/** Fails a number of times, then answers with the number of calls. */
function failing(times: number) {
  let calls = 0
  return vi.fn(async () => {
    if (++calls <= times) throw new Error(`failure ${calls}`)
    return calls
  })
}

test('runs again until it succeeds, and passes on every failure that another try follows', async () => {
  const failed = vi.fn()
  expect(await retry(failing(3), { ...options, failed })).toBe(4)
  expect(failed.mock.calls.map(([error]) => String(error))).toEqual([1, 2, 3].map((n) => `Error: failure ${n}`))
})

test('throws at once what another try cannot mend', async () => {
  const run = failing(9)
  const isRetryable = (error: unknown) => !(error as Error).message.endsWith('2')
  await expect(retry(run, { ...options, isRetryable })).rejects.toThrow('failure 2')
  expect(run).toHaveBeenCalledTimes(2)
})

test('ends in time, with the last error', async () => {
  const start = performance.now()
  await expect(retry(failing(Infinity), { ...options, maxWaitMs: 20, timeoutMs: 60 })).rejects.toThrow(/failure \d+/)
  expect(performance.now() - start).toBeLessThan(2_000)
})

test.each(['before', 'in a try', 'between two tries'])('aborted %s, it throws the last error', async (when) => {
  const end = new AbortController()
  if (when === 'before') end.abort()
  const run = vi.fn(async () => {
    if (when === 'in a try') end.abort()
    throw new Error('of the try')
  })
  const failed = () => void setImmediate(() => end.abort())
  const limits = { ...options, firstWaitMs: 60_000, maxWaitMs: 60_000, timeoutMs: 600_000 }
  await expect(retry(run, { ...limits, failed, signal: end.signal })).rejects.toThrow('of the try')
  expect(run).toHaveBeenCalledTimes(1)
})
