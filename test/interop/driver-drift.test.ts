import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { compareDrivers } from '../../scripts/driver-drift/compare.ts'
import { knownDifferences } from '../../scripts/driver-drift/known-differences.ts'
import { readOurInterfaces } from '../../scripts/driver-drift/our-interfaces.ts'
import { driftTable } from '../../scripts/driver-drift/table.ts'
import { clientTypes } from '../../src/clients/types.ts'
import * as interfaces from '../../src/interfaces/index.ts'
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

test("every path of a client is in the registry, also Jumpstarter's", ({ skip }) => {
  if (!hasDriverWheels()) skipMissing("the packages of Jumpstarter's drivers", skip)
  const paths = [...readOurInterfaces(), ...readDriverWheels()].map(({ client }) => client)
  expect(paths.filter((path) => !clientTypes.has(path))).toEqual([])
})

test('the type test calls a method for every path of a client', async () => {
  const typeTest = readFileSync(new URL('../types/interfaces.ts', import.meta.url), 'utf8')
  const called = new Set(Array.from(typeTest.matchAll(/\bclients\.(\w+\.\w+)/g), ([, name]) => name))
  const missing: string[] = []
  for (const [path, load] of clientTypes) {
    const contract = (await load()).interface
    const name = Object.entries(interfaces).find(([, each]) => each === contract)?.[0]
    const methods = Object.keys(contract?.methods ?? {})
    // An interface without methods has its children.
    const wanted = (methods.length > 0 ? methods : ['children']).map((method) => `${name}.${method}`)
    if (!wanted.some((each) => called.has(each))) missing.push(`${path}: one of clients.${wanted.join(', clients.')}`)
  }
  expect(missing, 'add calls to test/types/interfaces.ts').toEqual([])
})
