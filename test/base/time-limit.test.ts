import { setTimeout as delay } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'

import { timeLimitSignal, withTimeLimit } from '../../src/base/time-limit.ts'

const never = () => new Promise<never>(() => undefined)

test('passes on what ends in time', async () => {
  expect(await withTimeLimit({ name: 'x', timeoutMs: 10_000 }, async () => 7)).toBe(7)
  await expect(
    withTimeLimit({ name: 'x', timeoutMs: 10_000 }, () => Promise.reject(new TypeError('own'))),
  ).rejects.toThrow('own')
})

test('names the wait that takes too long', async () => {
  await expect(withTimeLimit({ name: 'reset of power', timeoutMs: 10 }, never)).rejects.toMatchObject({
    code: 'CALL_TIMEOUT',
    message: 'reset of power did not end within 10 ms',
  })
  const signal = timeLimitSignal({ name: 'the transfer', timeoutMs: 10 })
  await vi.waitUntil(() => signal.aborted)
  expect(signal.reason).toMatchObject({ code: 'CALL_TIMEOUT', message: 'the transfer did not end within 10 ms' })
})

test('ends with its signal; nothing is begun when it is aborted before', async () => {
  const run = vi.fn(never)
  const end = new AbortController()
  const waiting = withTimeLimit({ name: 'x', timeoutMs: 60_000, signal: end.signal }, run)
  end.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  await expect(withTimeLimit({ name: 'x', timeoutMs: 60_000, signal: end.signal }, run)).rejects.toThrow('enough')
  expect(run).toHaveBeenCalledTimes(1)
})

test('tells the work that the wait has ended, and why', async () => {
  const seen: AbortSignal[] = []
  const work = (signal: AbortSignal) => {
    seen.push(signal)
    return never()
  }
  const limit = { name: 'the relay', timeoutMs: 10, origin: 'lab' } as const
  await expect(withTimeLimit(limit, work)).rejects.toMatchObject({ code: 'CALL_TIMEOUT', origin: 'lab' })
  const end = new AbortController()
  const waiting = withTimeLimit({ ...limit, timeoutMs: 60_000, signal: end.signal }, work)
  end.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  expect(seen.map(({ reason }) => (reason as Error).message)).toEqual(['the relay did not end within 10 ms', 'enough'])
  await withTimeLimit(limit, async (signal) => void seen.push(signal))
  expect(seen[2]?.aborted).toBe(false)
})

test('leaves no timer and no unhandled rejection behind a run that throws at once', async () => {
  const run = () => {
    throw new TypeError('at once')
  }
  await expect(withTimeLimit({ name: 'x', timeoutMs: 10 }, run)).rejects.toThrow('at once')
  await delay(30)
})

test('a limit that no timer can hold is a long one, and not none', async () => {
  expect(await withTimeLimit({ name: 'x', timeoutMs: Infinity }, () => delay(50, 'done'))).toBe('done')
})

test('does not stand still with the timers of a test', async () => {
  vi.useFakeTimers()
  try {
    await expect(withTimeLimit({ name: 'x', timeoutMs: 10 }, never)).rejects.toThrow('did not end within 10 ms')
  } finally {
    vi.useRealTimers()
  }
})
