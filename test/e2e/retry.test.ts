import { expect, test } from 'vitest'

import { boardYaml, config, createProject, sessionsOf } from '../support/project.ts'

test('a test that its hardware failed is tried again on another exporter, and one that is wrong is not', async () => {
  const files = {
    'one.yaml': boardYaml('one', { kind: 'uno' }),
    'two.yaml': boardYaml('two', { kind: 'uno' }),
    'vitest.config.js': config({ exporters: { one: 'one.yaml', two: 'two.yaml' }, retry: 1 }),
  }
  await using project = await createProject(files, 'retry')
  const { code, output } = await project.vitest(['run', 'once'])
  expect(code, output).toBe(1)
  expect(output).toMatch(/Tests\s+1 failed \| 2 passed/)
  expect(output).toMatch(
    /once\.test\.ts > loses its board once is tried again; on (one|two) it failed: .*Exporter (one|two) .* ended: SIGKILL/,
  )
  expect(output, 'the test that is wrong runs once').toContain('expected +0 to be 1')
  expect(output.split('the hardware in this run:')[1], 'said again at the end').toContain(
    'loses its board once is tried again',
  )
  const used = sessionsOf(project.journal()).filter(({ files }) => files.length > 0)
  expect(used.map(({ files }) => files)).toEqual([['once'], ['once', 'after']])
  expect(used[0]?.exporter).not.toBe(used[1]?.exporter)
})

test('the calls of a test whose exporter was killed, and of those after it, say so at once', async () => {
  const files = {
    'one.yaml': boardYaml('one', { kind: 'uno' }),
    'vitest.config.js': config({ exporters: { one: 'one.yaml' } }),
  }
  await using project = await createProject(files, 'retry')
  const { code, output } = await project.vitest(['run', 'killed'])
  expect(code, output).toBe(1)
  expect(output).toMatch(/HardwareError: dut\.board\.hang: Exporter one \(.*one\.yaml\) ended: SIGKILL/)
  expect(output).toMatch(/HardwareError: dut\.board\.mark: Exporter one \(.*one\.yaml\) ended: SIGKILL/)
  expect(output).toContain("origin: 'lab'")
  expect(output).toContain('exporter one has failed, and gets one more chance')
})

test('without the hardware tests are skipped with the reason, and in CI they fail', async () => {
  const files = {
    'one.yaml': boardYaml('one', { kind: 'other' }),
    'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, { reporters: ['verbose'] }),
  }
  await using project = await createProject(files, 'retry')
  const laptop = await project.vitest(['run', 'missing'], { CI: '' })
  expect(laptop.output).toMatch(/Tests\s+1 passed \| 3 skipped/)
  expect(laptop.output).toContain("Role 'dut' needs an exporter with kind=uno, and this run has none")
  expect(laptop.code, laptop.output).toBe(0)
  const runner = await project.vitest(['run', 'missing'])
  expect(runner.code, runner.output).toBe(1)
  expect(runner.output).toMatch(/Tests\s+2 failed \| 1 passed \| 1 skipped/)
})
