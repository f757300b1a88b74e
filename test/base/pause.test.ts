import { expect, test, vi } from 'vitest'

import { pause } from '../../src/base/pause.ts'

test('lasts as long as it says', async () => {
  const start = performance.now()
  await pause(50)
  expect(performance.now() - start).toBeGreaterThanOrEqual(49)
})

test('ends with its signal, before and while it lasts', async () => {
  await expect(pause(60_000, { signal: AbortSignal.abort('no'), what: 'the wait for uno' })).rejects.toMatchObject({
    code: 'CALL_CANCELLED',
    message: 'the wait for uno was cancelled (no)',
  })
  const end = new AbortController()
  const paused = pause(60_000, { signal: end.signal })
  end.abort(new Error('now'))
  await expect(paused).rejects.toThrow('the wait was cancelled (now)')
})

test('a signal that is aborted after it changes nothing', async () => {
  const end = new AbortController()
  await pause(1, { signal: end.signal })
  end.abort()
})

test('a time that no timer can hold is a long one, and not none', async () => {
  const end = new AbortController()
  const paused = pause(Infinity, { signal: end.signal })
  await pause(50)
  end.abort(new Error('still waiting'))
  await expect(paused).rejects.toThrow('still waiting')
})

test('does not stand still with the timers of a test', async () => {
  vi.useFakeTimers()
  try {
    await pause(10)
  } finally {
    vi.useRealTimers()
  }
})
