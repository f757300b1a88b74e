import { once } from 'node:events'

import { driverTypes } from '../drivers/types.ts'
import { loadExporter, openSession } from '../runtime/exporter.ts'

/** The options of `vitest-hardware run`. */
export interface RunOptions {
  readonly exporterConfig: string
  readonly socket?: string
}

/**
 * Serves one session of an exporter until SIGINT or SIGTERM. The first line of standard output is a shell's assignment of
 * `JUMPSTARTER_HOST`.
 */
export async function runExporter({ exporterConfig, socket }: RunOptions): Promise<void> {
  const exporter = await loadExporter(exporterConfig, driverTypes)
  for (const warning of exporter.warnings) console.error(`warning: ${warning}`)
  const session = await openSession(exporter, socket === undefined ? undefined : { kind: 'unix', path: socket })
  console.log(`JUMPSTARTER_HOST=${session.address}`)
  console.error(`exporter ${exporter.name} is ready; Ctrl-C ends it`)
  const end = new AbortController()
  const interrupted = await Promise.race([
    once(process, 'SIGINT', { signal: end.signal }).then(() => 130),
    once(process, 'SIGTERM', { signal: end.signal }).then(() => 143),
  ])
  end.abort()
  await session.close()
  process.exitCode = interrupted
}
