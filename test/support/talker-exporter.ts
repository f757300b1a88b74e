import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { onTestFinished } from 'vitest'

import { createCliFolder } from './cli.ts'

const talker = fileURLToPath(new URL('./drivers/talker.ts', import.meta.url))

/**
 * Makes a folder with the file of an exporter whose driver `power` writes down its calls.
 *
 * @param drivers more entries of `export`
 */
export async function createTalkerExporter(drivers: object = {}) {
  const cli = await createCliFolder()
  onTestFinished(() => cli[Symbol.asyncDispose]())
  const journal = join(cli.folder, 'calls')
  const file = cli.write(
    'talker.yaml',
    JSON.stringify({
      apiVersion: 'jumpstarter.dev/v1alpha1',
      kind: 'ExporterConfig',
      metadata: { namespace: 'default', name: 'talker' },
      export: { power: { type: `${talker}#Talker`, config: { journal } }, ...drivers },
    }),
  )
  return { cli, file, calls: () => readFileSync(journal, 'utf8').trim().split('\n') }
}
