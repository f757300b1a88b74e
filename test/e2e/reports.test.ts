import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { config, createProject, testedVitest } from '../support/project.ts'

test('errors name the role, and reports name the exporters of each test, and the code and origin of its error', async () => {
  const reporters = ['default', ['junit', { outputFile: 'junit.xml' }], ['json', { outputFile: 'tests.json' }]]
  await using project = await createProject(
    { 'vitest.config.js': config({ exporters: { left: 'bench.yaml', right: 'bench-2.yaml' } }, { reporters }) },
    'reports',
  )
  project.write('bench-2.yaml', readFileSync(join(project.folder, 'bench.yaml'), 'utf8'))
  const { code, output } = await project.vitest(['run'])
  expect(code, output).toBe(1)
  for (const message of [
    'Console receiver.board.console did not print "never" in 100 ms',
    /HardwareError: receiver\.power\.explode: /,
  ]) {
    expect(output).toMatch(message)
  }
  expect(output).not.toMatch(/Console board|: power\.explode/)

  const tests = JSON.parse(readFileSync(join(project.folder, 'tests.json'), 'utf8')) as JsonReport
  const all = tests.testResults.flatMap(({ assertionResults }) => assertionResults)
  const exporters = all[0]?.meta.hardware?.exporters
  expect(Object.values(exporters ?? {}).toSorted()).toEqual(['left', 'right'])
  const waited = 'receiver.board.console.expect("never", {"timeoutMs":100})'
  expect(all.map(({ title, meta }) => [title, meta.hardware])).toEqual([
    ['passes', { exporters }],
    ['waits', { exporters, code: 'CONSOLE_TIMEOUT', origin: 'firmware', step: waited }],
    ['matches', { exporters, code: 'CONSOLE_TIMEOUT', origin: 'firmware', step: waited }],
    ['calls', { exporters, code: 'METHOD_NOT_FOUND', origin: 'test', step: 'receiver.power.explode()' }],
    ['compares', { exporters, origin: 'test', step: 'receiver.power.off()' }],
  ])
  const { receiver, sender } = exporters as { receiver: string; sender: string }
  const line = `(receiver: exporter ${receiver}, sender: exporter ${sender}, origin: `
  expect(output.split(line), 'once for each test that failed').toHaveLength(5)
  for (const { title, failureMessages } of all) {
    expect(failureMessages.join().includes(line), title).toBe(title !== 'passes')
  }

  const junit = readFileSync(join(project.folder, 'junit.xml'), 'utf8')
  const properties = (name: string) => {
    const [, text = ''] = new RegExp(`<testcase [^>]*name="${name}"(.*?)</testcase>`, 's').exec(junit) ?? []
    return Array.from(text.matchAll(/<property name="([^"]*)" value="([^"]*)"/g), ([, key, value]) => [key, value])
  }
  const named = [
    ['hardware.exporter.receiver', receiver],
    ['hardware.exporter.sender', sender],
  ]
  expect(properties('passes')).toEqual(named)
  expect(properties('calls')).toEqual([
    // Vitest 4 has no trace viewer, and gets the list in the text.
    [
      'hardware.steps',
      expect.stringMatching(testedVitest === '4' ? /receiver\.power\.explode\(\) ✗/ : /^steps of the hardware$/),
    ],
    ['hardware.recording', 'recording of the hardware'],
    ...named,
    ['hardware.code', 'METHOD_NOT_FOUND'],
    ['hardware.origin', 'test'],
    ['hardware.step', 'receiver.power.explode()'],
  ])
})

interface JsonReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly title: string
      readonly failureMessages: readonly string[]
      readonly meta: { readonly hardware?: { readonly exporters: Record<string, string> } }
    }[]
  }[]
}
