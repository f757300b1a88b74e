import { describe, expect, test } from 'vitest'

import { boardYaml, config, createProject, sessionsOf, type VitestVersion, vitestFolders } from '../support/project.ts'

const header = `
import { needs } from 'vitest-hardware'
import { beforeAll, expect, test as plain } from 'vitest'
import { Board } from './board.mjs'
const test = needs({ dut: { selector: 'kind=uno', drivers: { board: Board } } })
`
const kill = `process.kill(Number((await dut.board.where()).split('.')[0]), 'SIGKILL')`

describe.each(Object.keys(vitestFolders) as VitestVersion[])('%s', (version) => {
  test('a test that its hardware failed is tried again on another exporter, and one that is wrong is not', async () => {
    await using project = await createProject(version, {
      'one.yaml': boardYaml('one', { kind: 'uno' }),
      'two.yaml': boardYaml('two', { kind: 'uno' }),
      'vitest.config.js': config({ exporters: { one: 'one.yaml', two: 'two.yaml' }, retry: 1 }),
      'a.test.js': `${header}
let dies = true
test('loses its board once', async ({ dut }) => {
  await dut.board.mark('a')
  if (dies) { dies = false; ${kill}; await dut.board.hang() }
})
test('works after it', async ({ dut }) => { await dut.board.mark('after') })
let tries = 0
test('is wrong', async () => { expect(tries++).toBe(1) })
`,
    })
    const { code, output } = await project.vitest(['run'])
    expect(code, output).toBe(1)
    expect(output).toMatch(/Tests\s+1 failed \| 2 passed/)
    expect(output).toMatch(
      /a\.test\.js > loses its board once is tried again; on (one|two) it failed: .*Exporter (one|two) .* ended: SIGKILL/,
    )
    expect(output, 'the test that is wrong runs once').toContain('expected +0 to be 1')
    expect(output.split('the hardware in this run:')[1], 'said again at the end').toContain(
      'loses its board once is tried again',
    )
    const used = sessionsOf(project.journal()).filter(({ files }) => files.length > 0)
    expect(used.map(({ files }) => files)).toEqual([['a'], ['a', 'after']])
    expect(used[0]?.exporter).not.toBe(used[1]?.exporter)
  })

  test('the calls of a test whose exporter was killed, and of those after it, say so at once', async () => {
    await using project = await createProject(version, {
      'one.yaml': boardYaml('one', { kind: 'uno' }),
      'vitest.config.js': config({ exporters: { one: 'one.yaml' } }),
      'a.test.js': `${header}
test('is in a call', async ({ dut }) => { ${kill}; await dut.board.hang() })
test('comes after', async ({ dut }) => { await dut.board.mark('a') })`,
    })
    const { code, output } = await project.vitest(['run'])
    expect(code, output).toBe(1)
    expect(output).toMatch(/HardwareError: board\.hang: Exporter one \(.*one\.yaml\) ended: SIGKILL/)
    expect(output).toMatch(/HardwareError: board\.mark: Exporter one \(.*one\.yaml\) ended: SIGKILL/)
    expect(output).toContain("origin: 'lab'")
    expect(output).toContain('exporter one has failed, and gets one more chance')
  })

  test('without the hardware tests are skipped with the reason, and in CI they fail', async () => {
    await using project = await createProject(version, {
      'one.yaml': boardYaml('one', { kind: 'other' }),
      'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, { reporters: ['verbose'] }),
      'a.test.js': `${header}
test('needs it', async ({ dut }) => { await dut.board.mark('a') })
test('needs it too', async ({ dut }) => { await dut.board.mark('a') })
plain('does not', () => {})`,
      'hook.test.js': `${header}
test.beforeAll(async ({ dut }) => { await dut.board.mark('hook') })
test('needs it', async ({ dut }) => { await dut.board.mark('a') })`,
    })
    const laptop = await project.vitest(['run'], { CI: '' })
    expect(laptop.output).toMatch(/Tests\s+1 passed \| 3 skipped/)
    expect(laptop.output).toContain("Role 'dut' needs an exporter with kind=uno, and this run has none")
    expect(laptop.code, laptop.output).toBe(0)
    const runner = await project.vitest(['run'])
    expect(runner.code, runner.output).toBe(1)
    expect(runner.output).toMatch(/Tests\s+2 failed \| 1 passed \| 1 skipped/)
  })
})
