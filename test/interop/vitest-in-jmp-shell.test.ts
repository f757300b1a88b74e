import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type Certificates, createCertificates } from '../support/certificates.ts'
import { config, createProject } from '../support/project.ts'
import { writeExporterFile } from './support/exporter-file.ts'
import { startTheirs, type Transport } from './support/exporters.ts'
import { pythonProgram } from '../../scripts/python-environment.ts'
import { pythonEnvironmentVariables, pythonMissing } from './support/python.ts'
import { createSurroundings } from './support/surroundings.ts'

const usesBoard = `
import { expect, needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'

const test = needs({ dut: { drivers: { power: PowerClient, loop: SerialClient } } })

test('power', async ({ dut }) => {
  await dut.power.cycle({ offMs: 1 })
  expect(await Array.fromAsync(dut.power.read())).toHaveLength(2)
})
test('console', async ({ dut }) => {
  await dut.loop.send('=> ')
  await expect(dut.loop).toPrint('=> ')
})
`

const missing = pythonMissing()

describe.skipIf(missing !== undefined)(
  `a project's tests on their exporter${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let surroundings: Awaited<ReturnType<typeof createSurroundings>>
    let certificates: Certificates
    let project: Awaited<ReturnType<typeof createProject>>
    beforeAll(async () => {
      surroundings = await createSurroundings()
      certificates = await createCertificates()
      project = await createProject({ 'board.test.js': usesBoard, 'ca.pem': certificates.ca })
    })
    afterAll(async () => {
      await project[Symbol.asyncDispose]()
      await certificates.remove()
      await surroundings[Symbol.asyncDispose]()
    })

    /** Runs the project's tests as a user does who works in `jmp shell`. */
    async function runInShell() {
      const variables = Object.entries(pythonEnvironmentVariables()).filter(([name]) => !name.startsWith('VITEST'))
      const exporter = ['--exporter-config', writeExporterFile(surroundings, 'common')]
      const vitest = [process.execPath, join(project.folder, 'node_modules/vitest/vitest.mjs'), 'run']
      const { exitCode, all } = await execa(pythonProgram('jmp'), ['shell', ...exporter, '--', ...vitest], {
        cwd: project.folder,
        env: { ...Object.fromEntries(variables), NO_COLOR: '1', CI: '1' },
        extendEnv: false,
        reject: false,
        all: true,
        stdin: 'ignore',
        timeout: 55_000,
      })
      return { code: exitCode, output: all }
    }

    test('inside jmp shell, with no configuration but the plugin', async () => {
      project.write('vitest.config.js', config({}))
      const { code, output } = await runInShell()
      expect(code, output).toBe(0)
      expect(output).toMatch(/Tests\s+2 passed \(2\)/)
    })

    test.each<[Transport, object]>([
      ['TCP', { insecure: true }],
      ['TCP with TLS', { ca: 'ca.pem' }],
      ['TCP with TLS and passphrase', { ca: 'ca.pem' }],
    ])('over %s, from jmp run', async (transport, security) => {
      await using exporter = await startTheirs(writeExporterFile(surroundings, 'common'), transport, certificates)
      const { address: host, passphrase } = exporter.endpoint
      const lab = { host, ...security, ...(passphrase === undefined ? {} : { passphrase }) }
      project.write('vitest.config.js', config({ exporters: { lab } }))
      const { code, output } = await project.vitest(['run'])
      expect(code, output).toBe(0)
      expect(output).toMatch(/Tests\s+2 passed \(2\)/)
    })
  },
)
