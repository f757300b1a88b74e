import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

import { connect } from '../../src/index.ts'
import { createCliFolder } from '../support/cli.ts'

const timeout = 60_000
const driver = fileURLToPath(new URL('../support/drivers/local-board.ts', import.meta.url))
let cli: Awaited<ReturnType<typeof createCliFolder>>
let file: string

beforeAll(async () => {
  cli = await createCliFolder()
})
afterAll(() => cli[Symbol.asyncDispose]())
beforeEach(() => {
  cli.write('journal', '')
  const board = { type: `${driver}#LocalBoard`, config: { folder: cli.folder } }
  file = cli.write(
    'board.yaml',
    JSON.stringify({
      apiVersion: 'jumpstarter.dev/v1alpha1',
      kind: 'ExporterConfig',
      metadata: { namespace: 'default', name: 'board' },
      export: { board },
    }),
  )
})

/** The events of the driver, without the processes. */
const events = () =>
  Array.from(readFileSync(join(cli.folder, 'journal'), 'utf8').matchAll(/ (\w+)\n/g), ([, event]) => event)

async function fail(address: string, how: string): Promise<void> {
  const connection = await connect(address)
  // The exporter may end before it has answered.
  await connection.root.children['board']?.call('leave', how).catch(() => undefined)
  connection.close()
}

test.each([
  ['forget', 'lost a promise'],
  ['throw', 'lost a timer'],
])('an error that no call reports (%s) makes the devices safe and ends it', { timeout }, async (how, reason) => {
  await using exporter = cli.start(['run', '--exporter-config', file])
  await fail(await exporter.prints(/^JUMPSTARTER_HOST=(.+)\n/m), how)
  expect(await exporter.child).toMatchObject({ exitCode: 1 })
  expect(exporter.output.stderr).toContain(`an error in driver board (LocalBoard) that no call has caught: ${reason}`)
  expect(exporter.output.stderr).toMatch(/drivers\/local-board\.ts:\d+/)
  expect(events()).toEqual(['start', 'relax', 'relax', 'end'])
})

test(
  'with --restart it is started again, makes its devices safe first, and a signal ends it',
  { timeout },
  async () => {
    const socket = join(cli.folder, 'own.sock')
    await using exporter = cli.start(['run', '--exporter-config', file, '--socket', socket, '--restart'])
    await exporter.prints(/is ready/)
    await fail(socket, 'exit')
    await exporter.prints(/the exporter has ended with exit code 7; it is started again in 1000 ms[^]*is ready/)
    expect(events()).toEqual(['start', 'start', 'relax', 'end', 'start'])
    const connection = await connect(socket)
    connection.close()
    exporter.child.kill('SIGTERM')
    expect(await exporter.child).toMatchObject({ exitCode: 143 })
    expect(events().slice(4)).toEqual(['start', 'relax', 'end'])
  },
)
