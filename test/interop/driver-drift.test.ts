import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { compareDrivers } from '../../scripts/driver-drift/compare.ts'
import { knownDifferences } from '../../scripts/driver-drift/known-differences.ts'
import { readOurInterfaces } from '../../scripts/driver-drift/our-interfaces.ts'
import { driftTable } from '../../scripts/driver-drift/table.ts'
import { hasPythonEnvironment } from '../../scripts/python-environment.ts'
import { hasDriverWheels, readDriverWheels } from '../../scripts/driver-drift/wheels.ts'
import { replaceTable } from '../support/document-table.ts'
import { skipMissing } from '../support/system-part.ts'

test("the interfaces have the methods of Jumpstarter's drivers", ({ skip }) => {
  if (!hasPythonEnvironment()) skipMissing("Jumpstarter's Python", skip)
  if (!hasDriverWheels()) skipMissing("the packages of Jumpstarter's drivers", skip)
  const paths = compareDrivers(readOurInterfaces(), readDriverWheels())
  const found = paths.flatMap(({ differences }) => differences)
  const known = knownDifferences.flatMap(({ differences }) => differences)
  const advice = 'mend the interface, or give a reason in scripts/driver-drift/known-differences.ts'
  expect({ unknown: found.filter((difference) => !known.includes(difference)) }, advice).toEqual({ unknown: [] })
  expect({ gone: known.filter((difference) => !found.includes(difference)) }, 'remove them there').toEqual({ gone: [] })
  const command = 'npx vitest run --project interop test/interop/driver-drift.test.ts'
  const wasOutOfDate = replaceTable('docs/interop.md', command, driftTable(paths))
  expect(wasOutOfDate, 'the table was out of date and has been written anew: commit docs/interop.md').toBe(false)
})

test('the type test calls a method of every interface', () => {
  const typeTest = readFileSync(new URL('../types/interfaces.ts', import.meta.url), 'utf8')
  const called = new Set(Array.from(typeTest.matchAll(/clients\.(\w+)\./g), ([, name]) => name))
  const missing = readOurInterfaces().filter(({ name }) => !called.has(name))
  expect(missing.map(({ name }) => name)).toEqual([])
})
