import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { MockPower } from '../../src/drivers/index.ts'
import { defineExporter } from '../../src/runtime/define-exporter.ts'
import { openSession } from '../../src/runtime/open-session.ts'
import { boardYaml, config, createProject } from '../support/project.ts'

const uno = { 'uno.yaml': boardYaml('uno', { board: 'uno' }) }
/** The environment of a developer's machine, where missing hardware is no failure. */
const atDesk = { CI: '' }

test('a set-up that is broken fails the tests that it has no hardware for, also outside CI, with one list', async () => {
  const exporter = { ...defineExporter({ name: 'locked', export: () => ({ power: new MockPower() }) }), warnings: [] }
  await using locked = await openSession(exporter, {
    address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    security: { passphrase: 'right' },
  })
  const exporters = {
    uno: 'uno.yaml',
    invalid: 'invalid.yaml',
    mistyped: 'mistyped.yaml',
    nowhere: 'nowhere.yaml',
    ends: 'ends.ts',
    locked: { host: locked.address, insecure: true, passphrase: 'wrong' },
    away: { host: '127.0.0.1:9' },
  }
  await using project = await createProject({ ...uno, 'vitest.config.js': config({ exporters }) }, 'set-ups')
  const { code, output } = await project.vitest(['run'], atDesk)
  expect(code, output).toBe(1)
  expect(output).toMatch(/Tests\s+3 failed \| 1 passed \(4\)/)
  for (const mistake of [
    /export\.power\.typ \(line 5\)/,
    /export\.relay\.typ \(line 6\)/,
    /MockPowr/,
    /nowhere\.yaml: ENOENT/,
    /\| no licence/,
    /exporter locked: .*passphrase/,
    /ECONNREFUSED 127\.0\.0\.1:9/,
  ]) {
    expect(
      output.split('\n').filter((line) => mistake.test(line)),
      String(mistake),
    ).toHaveLength(1)
  }
})

test('a run whose hardware tests were all skipped says so at its end', async () => {
  await using project = await createProject(
    { ...uno, 'vitest.config.js': config({ exporters: { uno: 'uno.yaml' } }) },
    'set-ups',
  )
  const { code, output } = await project.vitest(['run', 'due', 'mega'], atDesk)
  expect(code, output).toBe(0)
  expect(output).toMatch(/Tests\s+3 skipped \(3\)/)
  expect(output.trimEnd().split('\n').slice(-2).join('\n')).toContain(
    'all 3 tests that need hardware were skipped, because no exporter of the run has it (due.test.ts, mega.test.ts)',
  )
})

test('two copies of the package work together if their major version is the same, else one error names both places', async () => {
  const exporters = { uno: 'uno.yaml' }
  await using project = await createProject({ ...uno, 'vitest.config.js': config({ exporters }) }, 'two-copies')
  const own = join(project.folder, 'node_modules/vitest-hardware')
  for (const name of ['shared', 'other-major']) {
    await cp(own, join(project.folder, name, 'node_modules/vitest-hardware'), { recursive: true })
  }
  const major = join(project.folder, 'other-major/node_modules/vitest-hardware/dist/base/brand.js')
  const source = await readFile(major, 'utf8')
  expect(source).toContain('major: 0')
  await writeFile(major, source.replace('major: 0', 'major: 1'))
  const { code, output } = await project.vitest(['run'])
  expect(output).toMatch(/Tests\s+3 passed \(3\)/)
  expect(code).toBe(0)
})
