import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { isOlder, oldestNode, oldestVitest } from '../../src/base/versions.ts'

test.each([
  ['22.17.1', true],
  ['20.20.2', true],
  ['22.18.0', false],
  ['22.20.0', false],
  ['24.0.0', false],
])('Node.js %s is too old: %s', (version, expected) => expect(isOlder(version, oldestNode)).toBe(expected))

test.each([
  ['4.0.9', true],
  ['3.2.4', true],
  ['4.1.0-beta.1', false],
  ['5.0.0', false],
])('Vitest %s is too old: %s', (version, expected) => expect(isOlder(version, oldestVitest)).toBe(expected))

test('package.json has the same versions', () => {
  const { engines, peerDependencies } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { engines: { node: string }; peerDependencies: { vitest: string } }
  expect(engines.node).toBe(`>=${oldestNode}`)
  expect(peerDependencies.vitest).toMatch(new RegExp(`^\\^${oldestVitest}\\.0 `))
})
