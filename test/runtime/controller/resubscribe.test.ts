import { expect, test } from 'vitest'

import { HardwareError } from '../../../src/errors.ts'
import { resubscribe } from '../../../src/runtime/controller/resubscribe.ts'

/** Subscribes to a stream that fails some times, and then has values. */
function subscribe(failures: readonly Error[]) {
  const left = [...failures]
  const lines: string[] = []
  const end = new AbortController()
  async function* open() {
    const failure = left.shift()
    if (failure !== undefined) throw failure
    yield 'a value'
  }
  const options = { name: 'Status', print: (line: string) => lines.push(line), signal: end.signal }
  return { values: resubscribe(open, options), lines, end }
}

test('a stream that breaks is opened again with one warning, and the count of the failures in the end', async () => {
  const away = () => new HardwareError('CONNECTION_LOST', 'the controller is away')
  const { values, lines, end } = subscribe([away(), away()])
  expect(await values.next()).toEqual({ done: false, value: 'a value' })
  end.abort()
  expect(await values.next()).toEqual({ done: true, value: undefined })
  expect(lines).toEqual([
    'warning: Status has ended, and is opened again: the controller is away',
    'Status is open again, after 2 failures',
  ])
})

test('a refusal that another try does not change ends it', async () => {
  const refusal = new HardwareError('ARGUMENT_INVALID', 'no')
  const { values, lines } = subscribe([refusal])
  await expect(values.next()).rejects.toBe(refusal)
  expect(lines).toEqual([])
})
