import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'

import { connect } from '../../src/index.ts'
import { ShellClient } from '../../src/clients/index.ts'
import { driverTypes } from '../../src/drivers/types.ts'
import { loadExporter } from '../../src/runtime/exporter.ts'
import { openSession } from '../../src/runtime/open-session.ts'

const secrets = { JMP_TOKEN: 'token-4711', JMP_GRPC_PASSPHRASE: 'open sesame', LAB_KEY: 'key-4711' }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'environment-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))
beforeEach(() => {
  for (const [name, value] of Object.entries(secrets)) vi.stubEnv(name, value)
})
afterEach(() => void vi.unstubAllEnvs())

/** The environment of a hook, and of a command of a driver: their lines. */
async function environmentsOf(name: string, part: object): Promise<{ hook: string[]; command: string[] }> {
  const file = join(folder, `${name}.yaml`)
  const config = { methods: { env: 'env' } }
  const exporter = {
    apiVersion: 'jumpstarter.dev/v1alpha1',
    kind: 'ExporterConfig',
    metadata: { name },
    motd: 'Mind the fan',
    hooks: { beforeLease: { script: 'env' } },
    export: { tools: { type: 'jumpstarter_driver_shell.driver.Shell', config } },
    ...part,
  }
  await writeFile(file, JSON.stringify(exporter))
  const hook: string[] = []
  const print = (line: string) => void hook.push(line.replace('beforeLease: ', ''))
  await using session = await openSession(await loadExporter(file, driverTypes), { print })
  const connection = await connect(session.address)
  expect(connection.report.motd).toBe('Mind the fan')
  const shell = connection.root.children['tools'] as ShellClient
  const { stdout } = await shell.run('env')
  connection.close()
  return { hook, command: stdout.split('\n') }
}

test('the exporter’s variables do not reach hooks and the programs of drivers', { timeout: 60_000 }, async () => {
  const { hook, command } = await environmentsOf('closed', {})
  for (const lines of [hook, command]) {
    expect(lines).toContain(`PATH=${process.env['PATH']}`)
    for (const value of Object.values(secrets)) expect(lines.join('\n')).not.toContain(value)
  }
})

test('unless the exporter’s file names them', { timeout: 60_000 }, async () => {
  const { hook, command } = await environmentsOf('open', { environment: ['LAB_*', 'JMP_TOKEN'] })
  for (const lines of [hook, command]) {
    expect(lines).toContain('LAB_KEY=key-4711')
    expect(lines).toContain('JMP_TOKEN=token-4711')
    expect(lines.join('\n')).not.toContain(secrets.JMP_GRPC_PASSPHRASE)
  }
  const all = await environmentsOf('all', { environment: ['*'] })
  expect(all.command).toContain('JMP_GRPC_PASSPHRASE=open sesame')
  expect(all.hook.join('\n'), 'a hook reaches the session without it').not.toContain('open sesame')
})
