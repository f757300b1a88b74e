import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { messageOf } from '../src/errors.ts'
import { errorCodes, HardwareError } from '../src/index.ts'

test('docs/errors.md has every code with its origin, and no other', () => {
  const rows = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8').matchAll(
    /^\| (?<code>[A-Z_]+) \| (?<origin>\w+) \|/gm,
  )
  const documented = Object.fromEntries(Array.from(rows, ({ groups }) => [groups?.['code'], groups?.['origin']]))
  expect(documented).toEqual(errorCodes)
})

test('an error says what it is as booleans, and keeps its cause', () => {
  const cause = new Error('why')
  const error = new HardwareError('CALL_TIMEOUT', 'late', { cause, origin: 'firmware' })
  expect(error).toMatchObject({ timedOut: true, cancelled: false, origin: 'firmware', cause })
  expect(new HardwareError('CALL_CANCELLED', 'stopped')).toMatchObject({
    timedOut: false,
    cancelled: true,
    origin: 'test',
  })
})

test('the stack leads to the line that waited, behind many lines of this package and of Node', async () => {
  async function innermost() {
    await Promise.resolve()
    throw new HardwareError('CALL_TIMEOUT', 'late')
  }
  // Timers that end in one turn put four lines of Node on a stack, so that it depends on chance which of ten are left.
  async function nested(calls: number): Promise<void> {
    await (calls === 0 ? innermost() : nested(calls - 1))
  }
  async function theTest() {
    await nested(12)
  }
  const error: unknown = await theTest().catch((failure: unknown) => failure)
  expect(error).toHaveProperty('stack', expect.stringContaining('theTest'))
})

test('a host that none of its addresses reaches has a message', () => {
  const failures = [new Error('connect ECONNREFUSED ::1:80'), new Error('connect ECONNREFUSED 127.0.0.1:80')]
  expect(messageOf(new AggregateError(failures))).toBe('connect ECONNREFUSED ::1:80; connect ECONNREFUSED 127.0.0.1:80')
  expect(messageOf(new AggregateError(failures, 'both'))).toBe('both')
})
