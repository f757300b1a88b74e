import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { config, createProject } from '../test/support/project.ts'
import { type Command, python, run, start, vitestHardware } from './process.ts'

/** Something that starts from nothing, and how long it takes in milliseconds. */
export interface ColdStart {
  /** Its key in results.json. */
  readonly id: string
  readonly name: string
  readonly measure: () => Promise<number>
}

const powerYaml = `
apiVersion: jumpstarter.dev/v1alpha1
kind: ExporterConfig
metadata: { namespace: default, name: power }
export:
  power: { type: jumpstarter_driver_power.driver.MockPower }
`

const plainTest = `
import { expect, test } from 'vitest'
test('adds', () => expect(1 + 1).toBe(2))
`

const hardwareTest = `
import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'
const test = needs({ dut: { drivers: { power: PowerClient } } })
test('switches on', async ({ dut }) => { await dut.power.on() })
`

const pythonTest = `
from jumpstarter_testing.pytest import JumpstarterTest

class TestPower(JumpstarterTest):
    def test_on(self, client):
        client.power.on()
`

/**
 * Makes the projects whose start is measured: a run with one test, a command with one call, and an exporter, each of ours
 * beside the one it has to be compared with.
 */
export async function createColdStarts(): Promise<AsyncDisposable & { readonly starts: readonly ColdStart[] }> {
  await using cleanups = new AsyncDisposableStack()
  const plain = cleanups.use(await createProject({ 'a.test.js': plainTest }))
  const ours = cleanups.use(
    await createProject({
      'a.test.js': hardwareTest,
      'power.yaml': powerYaml,
      'vitest.config.js': config({ exporters: { power: 'power.yaml' } }),
    }),
  )
  const theirs = await mkdtemp(join(tmpdir(), 'bench-'))
  cleanups.defer(() => rm(theirs, { recursive: true, force: true }))
  await writeFile(join(theirs, 'power.yaml'), powerYaml)
  await writeFile(join(theirs, 'test_power.py'), pythonTest)

  const vitest: Command = [process.execPath, 'node_modules/vitest/vitest.mjs', 'run']
  const file = ['--exporter-config', 'power.yaml']
  const waiting = ['sh', '-c', 'echo "JUMPSTARTER_HOST=$JUMPSTARTER_HOST"; exec cat']
  const whole = (id: string, name: string, cwd: string, command: Command): ColdStart => ({
    id,
    name,
    measure: async () => (await run(command, { cwd })).elapsedMs,
  })
  const ready = (id: string, name: string, cwd: string, command: Command): ColdStart => ({
    id,
    name,
    async measure() {
      await using exporter = await start(command, /^JUMPSTARTER_HOST=(.+)$/m, { cwd })
      return exporter.elapsedMs
    },
  })
  const starts = [
    whole('vitestPlain', 'vitest run, one test without hardware', plain.folder, vitest),
    whole('vitestHardware', 'vitest run, one test with hardware()', ours.folder, vitest),
    whole(
      'pytest',
      'jmp shell -- pytest, one test',
      theirs,
      python('jmp', 'shell', ...file, '--', ...python('pytest', '-q')),
    ),
    whole(
      'ourCall',
      'vitest-hardware shell -- vitest-hardware call power.on',
      ours.folder,
      vitestHardware('shell', ...file, '--', ...vitestHardware('call', 'power.on')),
    ),
    whole(
      'theirCall',
      'jmp shell -- j power on',
      theirs,
      python('jmp', 'shell', ...file, '--', ...python('j', 'power', 'on')),
    ),
    ready('ourExporter', 'vitest-hardware run, until it answers', ours.folder, vitestHardware('run', ...file)),
    ready(
      'theirExporter',
      'jmp shell, until its command runs',
      theirs,
      python('jmp', 'shell', ...file, '--', ...waiting),
    ),
  ]
  const owned = cleanups.move()
  return { starts, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
