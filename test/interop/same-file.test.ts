import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'

import { connect } from '../../src/clients/index.ts'
import type { DriverReport } from '../../src/protocol/exporter.ts'
import { builtFile } from '../support/built.ts'
import { writeExporterFile } from './support/exporter-file.ts'
import { type RunningExporter, startOurs, startTheirs } from './support/exporters.ts'
import { pythonProgram } from '../../scripts/python-environment.ts'
import { pythonEnvironmentVariables, pythonMissing } from './support/python.ts'
import { useSurroundings } from './support/use-surroundings.ts'

const missing = pythonMissing()

describe.skipIf(missing !== undefined)(`one file for both${missing === undefined ? '' : ` (${missing})`}`, () => {
  const shared = useSurroundings()

  async function report(exporter: RunningExporter): Promise<readonly DriverReport[]> {
    const connection = await connect(exporter.endpoint.address)
    connection.close()
    return connection.report.drivers
  }

  /** Uuids are new in each session; what they say is who is whose parent, and which places are one driver. */
  function withoutUuids(drivers: readonly DriverReport[]) {
    const numbers = new Map<string, number>()
    const numberOf = (uuid: string | undefined) => {
      if (uuid === undefined) return undefined
      if (!numbers.has(uuid)) numbers.set(uuid, numbers.size)
      return numbers.get(uuid)
    }
    return drivers.map(({ uuid, parentUuid, ...driver }) => ({
      driver: numberOf(uuid),
      parent: numberOf(parentUuid),
      ...driver,
    }))
  }

  test('both report the same tree: names, clients, labels, descriptions, order', async () => {
    const file = writeExporterFile(
      shared.surroundings,
      'common',
      'description: The bench in the corner\nlabels: { board: virt }',
    )
    await using theirs = await startTheirs(file, 'unix socket', shared.certificates)
    await using ours = await startOurs(file, 'unix socket', shared.certificates)
    const [expected, actual] = [withoutUuids(await report(theirs)), withoutUuids(await report(ours))]
    expect(actual).toEqual(expected)
    expect(actual.length).toBeGreaterThan(15)
  })

  /** What Jumpstarter makes of a driver's entry that it does not understand: a group without a driver. */
  async function tryTheirs(file: string): Promise<string> {
    const list = [
      'import json; from jumpstarter.common.utils import env',
      'with env() as c: print(list(c.children), type(c.power).__name__)',
    ]
    const args = ['shell', '--exporter-config', file, '--', pythonProgram('python'), '-c', list.join('\n')]
    const env = { ...pythonEnvironmentVariables(), JMP_DRIVERS_ALLOW: 'UNSAFE' }
    const { all } = await execa(pythonProgram('jmp'), args, { env, extendEnv: false, reject: false, all: true })
    return all
  }

  async function tryOurs(file: string) {
    const main = builtFile('cli/main.js')
    const { exitCode, all } = await execa(process.execPath, [main, 'run', '--exporter-config', file], {
      reject: false,
      all: true,
    })
    return { exitCode, all }
  }

  test.each([
    ['an unquoted on:', 'methods_description: { on: power }', 'which YAML 1.1 reads as a boolean; put it in quotes'],
    ['a list for config', 'config: [a]', 'export.power.config'],
    ['a misspelt key', 'confg: {}', 'export.power.confg'],
  ])('%s empties a driver silently there, and is an error with its place here', async (_what, line, message) => {
    const file = join(shared.surroundings.folder, 'mistaken.yaml')
    const type = 'jumpstarter_driver_power.driver.MockPower'
    writeFileSync(
      file,
      `apiVersion: jumpstarter.dev/v1alpha1
kind: ExporterConfig
metadata: { namespace: default, name: mistaken }
export:
  power:
    type: ${type}
    ${line}
`,
    )
    expect(await tryTheirs(file)).toMatch(line.startsWith('confg') ? /PowerClient/ : /CompositeClient/)
    const { exitCode, all } = await tryOurs(file)
    expect(exitCode).toBe(2)
    expect(all).toContain(message)
    expect(all).toContain('line ')
  })
})
