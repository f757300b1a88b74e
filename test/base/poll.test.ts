import { expect, test } from 'vitest'

import { pollUntil } from '../../src/base/poll.ts'

const options = { firstMs: 1, maxMs: 4 }

test('looks until there is an answer, which may be false or null', async () => {
  for (const answer of ['yes', false, null, 0]) {
    let looks = 0
    expect(await pollUntil(() => (++looks < 4 ? undefined : answer), options)).toBe(answer)
    expect(looks).toBe(4)
  }
})

test('the pauses double up to the longest', async () => {
  const times: number[] = []
  await pollUntil(() => (times.push(performance.now()) < 6 ? undefined : true), { firstMs: 10, maxMs: 40 })
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0))
  for (const [index, least] of [10, 20, 40, 40, 40].entries()) expect(pauses[index]).toBeGreaterThanOrEqual(least - 1)
})

test('is undefined when the time is up, after a last look', async () => {
  const start = performance.now()
  const times: number[] = []
  const look = () => void times.push(performance.now() - start)
  expect(await pollUntil(look, { firstMs: 60_000, maxMs: 60_000, timeoutMs: 20 })).toBeUndefined()
  expect(times[0]).toBeLessThan(20)
  expect(times.at(-1)).toBeGreaterThanOrEqual(20)
  // More than two when timers come a fraction of a millisecond early.
  expect(times.length).toBeLessThan(10)
})

test('ends with its signal, or with what a look throws', async () => {
  const end = new AbortController()
  const wait = pollUntil(() => undefined, {
    firstMs: 60_000,
    maxMs: 60_000,
    signal: end.signal,
    what: 'the wait for uno',
  })
  end.abort(new Error('enough'))
  await expect(wait).rejects.toMatchObject({
    code: 'CALL_CANCELLED',
    message: 'the wait for uno was cancelled (enough)',
  })
  await expect(pollUntil(() => Promise.reject(new TypeError('blind')), options)).rejects.toThrow('blind')
})
