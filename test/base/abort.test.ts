import { expect, test } from 'vitest'

import { anySignal, cancelledError, onAbort, untilAborted } from '../../src/base/abort.ts'
import { HardwareError } from '../../src/errors.ts'

test('onAbort calls back at once, later, or not after it was stopped; once at most', () => {
  const calls: string[] = []
  onAbort(AbortSignal.abort(), () => calls.push('before'))
  const [first, second] = [new AbortController(), new AbortController()]
  onAbort(first.signal, () => calls.push('while'))
  onAbort(second.signal, () => calls.push('stopped'))()
  onAbort(undefined, () => calls.push('without a signal'))()
  for (const { abort } of [first, second].map((controller) => ({ abort: () => controller.abort() }))) {
    abort()
    abort()
  }
  expect(calls).toEqual(['before', 'while'])
})

test('anySignal has the reason of the first that is aborted, and adds nothing to one signal alone', () => {
  const [one, other] = [new AbortController(), new AbortController()]
  expect(anySignal()).toBeUndefined()
  expect(anySignal(undefined, undefined)).toBeUndefined()
  expect(anySignal(one.signal, undefined)).toBe(one.signal)
  const joined = anySignal(one.signal, other.signal)
  other.abort('second')
  expect(joined?.aborted).toBe(true)
  one.abort('first')
  expect(joined).toMatchObject({ aborted: true, reason: 'second' })
})

test('untilAborted ends only the wait, and leaves no listener', async () => {
  const end = new AbortController()
  const { promise, resolve } = Promise.withResolvers<string>()
  const waits = [untilAborted(promise, undefined), untilAborted(promise, end.signal)]
  end.abort(new RangeError('enough'))
  await expect(waits[1]).rejects.toThrow('enough')
  await expect(untilAborted(Promise.resolve('late'), end.signal)).rejects.toThrow('enough')
  resolve('done')
  expect(await waits[0]).toBe('done')
  await expect(untilAborted(Promise.reject(new TypeError('own')), new AbortController().signal)).rejects.toThrow('own')
})

test('a promise that rejects after the abort is nobody’s unhandled rejection', async () => {
  const { promise, reject } = Promise.withResolvers<never>()
  await expect(untilAborted(promise, AbortSignal.abort('gone'))).rejects.toBe('gone')
  reject(new Error('late'))
  await new Promise((resolve) => setImmediate(resolve))
})

test('cancelledError keeps an error of ours, and names the wait for any other reason', () => {
  const ours = new HardwareError('LEASE_LOST', 'The lease was lost')
  expect(cancelledError('the wait', AbortSignal.abort(ours))).toBe(ours)
  const reason = new Error('Ctrl-C')
  expect(cancelledError('the wait for uno', AbortSignal.abort(reason))).toMatchObject({
    code: 'CALL_CANCELLED',
    message: 'the wait for uno was cancelled (Ctrl-C)',
    cause: reason,
  })
})
