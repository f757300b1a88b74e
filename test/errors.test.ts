import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

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
