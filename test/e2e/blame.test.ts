import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { config, createProject } from '../support/project.ts'

/** The party that has to act, and words of the terminal that say why. */
const expected: Readonly<Record<string, readonly [origin: string, exporter: string, words: RegExp]>> = {
  'other case': ['test', 'steady', /There is "Login: " instead of "login: "/],
  anchor: ['test', 'steady', /There is "version" within a line, which \/\^version\/ matches but for \^ or \$/],
  'gone past': ['test', 'steady', /"first" came before/],
  'not again after a restart': ['firmware', 'steady', /"login:\\n" came before/],
  'cut line': ['firmware', 'steady', /There is the beginning of "Kernel booted": "Kernel "/],
  'value of the board': ['firmware', 'steady', /expected '1\.2\.3' to be '1\.2\.4'/],
  'value of the test': ['test', 'steady', /expected 2 to be 3/],
  'outlives its test': ['firmware', 'steady', /Console dut\.console did not print "never" so far/],
  'waits for itself': ['test', 'steady', /Test timed out in 300 ?ms/],
  'brown-out': ['board', 'sagging', /sagging\.power gives 2\.1 V, and gave 3\.3 V before/],
  'switched off': ['test', 'sagging', /sagging\.power is off/],
  'no power': ['lab', 'dead', /dead\.power is on and gives 0 V/],
  'kills its worker': ['test', 'steady', /The worker of this test, process \d+, has ended with signal SIGKILL/],
  'aborts its worker': ['test', 'steady', /The worker of this test, process \d+, has ended with signal SIGABRT/],
  'relay of a state': ['lab', 'stuck', /no answer from the relay/],
}

test('failed tests say who has to act: at the terminal, in JUnit and in JSON', async () => {
  const exporters = Object.fromEntries(['steady', 'dead', 'sagging', 'stuck'].map((name) => [name, `${name}.yaml`]))
  const reporters = ['default', ['json', { outputFile: 'tests.json' }], ['junit', { outputFile: 'junit.xml' }]]
  await using project = await createProject({ 'vitest.config.js': config({ exporters }, { reporters }) }, 'blame')
  const { code, output } = await project.vitest(['run'])
  expect(code, output).toBe(1)
  expect(originsInJson(readFileSync(join(project.folder, 'tests.json'), 'utf8')), output).toEqual(
    Object.fromEntries(Object.entries(expected).map(([name, [origin]]) => [name, origin])),
  )
  const junit = readFileSync(join(project.folder, 'junit.xml'), 'utf8')
  for (const [name, [origin, exporter, words]] of Object.entries(expected)) {
    expect(sectionOf(output, name), name).toMatch(words)
    expect(sectionOf(output, name), name).toMatch(new RegExp(`\\(.*: exporter ${exporter}\\b.*, origin: ${origin}\\b`))
    expect(junitCase(junit, name), name).toContain(`<property name="hardware.origin" value="${origin}">`)
    expect(junitCase(junit, name), name).toContain('<failure ')
  }
  expect(output).toMatch(/exporter steady\n {2}console printed last:\n {4}\| the last words\n/)
  expect(junitCase(junit, 'does not run')).toContain('<skipped/>')
  expect(junitCase(junit, 'passes before')).not.toMatch(/<failure|<skipped/)
})

function originsInJson(text: string): Record<string, string | undefined> {
  const { testResults } = JSON.parse(text) as {
    readonly testResults: readonly {
      readonly assertionResults: readonly {
        readonly title: string
        readonly meta: { readonly hardware?: { readonly origin?: string } }
      }[]
    }[]
  }
  const all = testResults.flatMap(({ assertionResults }) => assertionResults)
  return Object.fromEntries(all.map(({ title, meta }) => [title, meta.hardware?.origin]))
}

/** The part of the terminal's output that tells of one failed test. */
function sectionOf(output: string, name: string): string {
  const sections = output.split(/^ FAIL /m)
  return sections.find((section) => section.split('\n', 1)[0]?.endsWith(`> ${name}`)) ?? ''
}

function junitCase(junit: string, name: string): string {
  const cases = junit.split('<testcase ')
  return cases.find((one) => one.includes(`name="${name}"`)) ?? ''
}
