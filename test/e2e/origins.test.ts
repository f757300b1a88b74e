import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { config, createProject } from '../support/project.ts'

interface JsonReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly title: string
      readonly failureMessages: readonly string[]
      readonly meta: { readonly hardware?: { readonly code?: string; readonly origin?: string } }
    }[]
  }[]
}

test('errors say the party that has to act, and the first cause', async () => {
  const exporters = { adapter: 'adapter.yaml', meter: 'meter.yaml', doomed: 'doomed.yaml' }
  const reporters = ['default', ['json', { outputFile: 'tests.json' }]]
  await using project = await createProject({ 'vitest.config.js': config({ exporters }, { reporters }) }, 'origins')
  const { code, output } = await project.vitest(['run'])
  expect(code, output).toBe(1)
  const report = JSON.parse(readFileSync(join(project.folder, 'tests.json'), 'utf8')) as JsonReport
  const all = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  const origins = all.map(({ title, meta: { hardware } }) => [title, `${hardware?.code} ${hardware?.origin}`])
  expect(Object.fromEntries(origins), output).toEqual({
    'unplugged adapter': 'DEVICE_IO lab',
    'service that is down': 'DEVICE_IO lab',
    'exporter that dies under a console': 'EXPORTER_FAILED lab',
  })
  expect(output).toMatch(/dut\.meter\.measure: fetch failed: connect ECONNREFUSED 127\.0\.0\.1:\d+/)
  expect(output, 'the cause is there as an error, too').toMatch(
    /Caused by: Error: connect ECONNREFUSED 127\.0\.0\.1:\d+/,
  )
  expect(output).toMatch(/Console dut\.console was closed: .*Exporter doomed .* ended: SIGKILL/)
})
