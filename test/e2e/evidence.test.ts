import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

import { parseRecording } from '../../src/recording/recording-lines.ts'
import { createProject, testedVitest } from '../support/project.ts'

interface Attached {
  readonly type: string
  readonly message?: string
  readonly text?: string
  readonly path?: string
  readonly data?: {
    readonly entries: readonly {
      readonly name: string
      readonly status: string
      readonly location?: { line: number }
    }[]
  }
}

const projects = ['on-failure', 'on', 'off'].map(
  (evidence) =>
    `{ plugins: [hardware({ exporters: { bench: 'bench.yaml' }, evidence: '${evidence}' })], test: { name: '${evidence}' } }`,
)
const configFile = `
import { defineConfig } from 'vitest/config'
import { hardware } from 'vitest-hardware/plugin'
const reporters = ['default', './reporter.js', ['junit', { outputFile: 'junit.xml' }], ['json', { outputFile: 'tests.json' }]]
export default defineConfig({ test: { reporters, projects: [${projects.join(', ')}] } })
`
const hasTraceViewer = testedVitest !== '4'

test('a failed test has its steps, pages of the bench and the output of consoles, as the option says, and no secret', async () => {
  await using project = await createProject({ 'vitest.config.js': configFile }, 'evidence')
  const { code, output } = await project.vitest(['run'])
  expect(code, output).toBe(1)
  const file = readFileSync(join(project.folder, 'attached.json'), 'utf8')
  const attached = JSON.parse(file) as Record<string, readonly Attached[]>

  const steps = [
    'switches on',
    'dut.power.on()',
    'dut.board.console.secret("***")',
    'dut.board.console.sendLine("version 1.2.3")',
    'dut.board.console.expect(/version (\\S+)/)',
    'dut.board.console.expect("login: ***", {"timeoutMs":100})',
  ]
  for (const name of ['on-failure', 'on']) {
    const [trace, list, log, recording] = hasTraceViewer
      ? (attached[`${name} boots`] ?? [])
      : [undefined, ...(attached[`${name} boots`] ?? [])]
    expect(list?.type).toBe('hardware.steps')
    const listed = `${list?.message}${list?.text}`
    for (const step of steps) expect(listed).toContain(step)
    expect(log).toMatchObject({ type: 'hardware.console', message: 'output of dut.board.console' })
    expect(log?.text).toContain('version 1.2.3')
    expect(recording).toMatchObject({ type: 'hardware.recording', message: 'recording of the hardware' })
    expectRecording(resolve(project.folder, recording?.path ?? ''))
    if (!hasTraceViewer) continue
    const { entries = [] } = trace?.data ?? {}
    expect(entries.map((entry) => entry.name)).toEqual(steps)
    expect(entries.map(({ status }) => status)).toEqual(['pass', 'pass', 'pass', 'pass', 'pass', 'fail'])
    expect(entries.map(({ location }) => location?.line)).toEqual([10, 11, 13, 14, 15, 16])
    expect(JSON.stringify(entries.at(-1))).toContain('version 1.2.3')
  }
  expect(Object.keys(attached).filter((name) => name.endsWith('passes'))).toEqual(['on passes'])
  expect(Object.keys(attached).filter((name) => name.startsWith('off '))).toEqual([])

  expect(output).toMatch(
    /AssertionError: expected '1\.2\.3' to be '1\.2\.4'[^\n]*\n\n\(dut: exporter bench, origin: firmware, last step: dut\.board\.console\.expect\([^\n]*\)\)/,
  )
  expect(output).toMatch(
    hasTraceViewer
      ? /dut\.board\.console\.sendLine\("version 1\.2\.3"\) +\+\d+ms +\d+ms +board\.test\.ts:14/
      : /hardware\.steps[\s\S]*?dut\.board\.console\.sendLine\("version 1\.2\.3"\)\n/,
  )
  expect(output, 'of a hook').toMatch(
    /did not print "never" in 100 ms[\s\S]*?\(dut: exporter bench, origin: firmware\)\n\nSteps of the hardware:\n[\s\S]*?dut\.power\.on\(\)\n[^\n]*dut\.board\.console\.expect\("never", [^\n]* ✗ /,
  )
  expect(output).not.toContain('hunter2')
  for (const name of readdirSync(project.folder, { recursive: true, encoding: 'utf8' })) {
    if (name.includes('node_modules') || statSync(join(project.folder, name)).isDirectory()) continue
    expect(readFileSync(join(project.folder, name)).includes('hunter2'), name).toBe(false)
  }
})

/** The recording of the test that boots. */
function expectRecording(path: string): void {
  const { header, events, isWhole } = parseRecording(readFileSync(path, 'utf8'), path)
  expect(isWhole).toBe(true)
  expect(header.test).toMatchObject({ name: 'boots', retry: 0, repeats: 0 })
  expect(header.versions['vitest']).toMatch(/^\d/)
  expect(header.exporters['dut']).toMatchObject({ name: 'bench' })
  const found = (part: object) => expect(events).toContainEqual(expect.objectContaining(part))
  found({ type: 'run', event: expect.objectContaining({ type: 'leased', exporters: { dut: 'bench' } }) })
  found({ type: 'call', role: 'dut', driver: 'power', method: 'on', args: [] })
  found({ type: 'step', kind: 'step', target: 'switches on', site: expect.stringMatching(/board\.test\.ts:10:\d+$/) })
  found({ type: 'stepEnd', result: expect.objectContaining({ captures: ['1.2.3'] }) })
  found({ type: 'stepEnd', error: expect.objectContaining({ code: 'CONSOLE_TIMEOUT' }) })
  const output = events.flatMap((event) => (event.type === 'output' ? [Buffer.from(event.bytes)] : []))
  expect(Buffer.concat(output).toString()).toContain('***')
  const leased = events.find((event) => event.type === 'run' && event.event.type === 'leased')
  const call = events.find((event) => event.type === 'call')
  expect(leased?.at).toBeLessThan(call?.at ?? 0)
}
