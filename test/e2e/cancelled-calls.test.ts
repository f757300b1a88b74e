import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { config, createProject } from '../support/project.ts'

const exporter = `
apiVersion: jumpstarter.dev/v1alpha1
kind: ExporterConfig
metadata: { namespace: default, name: slow }
export:
  slow: { type: "./slow.ts#SlowDriver" }
  flasher: { type: "./slow.ts#SlowFlasher" }
`

test.each<{ name: string; env: Record<string, string>; said: string }>([
  {
    name: 'a call has less time than its test, and is cancelled in the driver too',
    env: {},
    said: 'no answer within',
  },
  {
    name: 'a call that has more time than its test is cancelled with it, in the driver too',
    env: { CALL_TIMEOUT_MS: '60000' },
    said: 'Test timed out in 1000ms',
  },
])('$name, and hooks still make calls', async ({ env, said }) => {
  const files = { 'slow.yaml': exporter, 'vitest.config.js': config({ exporters: { slow: 'slow.yaml' } }) }
  await using project = await createProject(files, 'cancelled-calls')
  const { code, output } = await project.vitest(['run'], env)
  expect(code, output).toBe(1)
  expect(output).toMatch(/Tests\s+3 failed \(3\)/)
  expect(output.split(said), output).toHaveLength(4)
  const events = readFileSync(join(project.folder, 'journal'), 'utf8').trim().split('\n')
  const expected = ['work', 'count', 'flash'].flatMap((name) => [`${name} begins`, `${name} is cancelled`, 'undo'])
  // The driver may learn of it while the hook's call is already on its way.
  expect(events.toSorted(), output).toEqual(expected.toSorted())
})
