/** A run without Vitest, for tests of several: a broker with real exporters, and files that ask for them again and again. */
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { FileLease } from '../../src/fixtures/file-lease.ts'
import { LocalExporter } from '../../src/leases/local/local-exporter.ts'
import { Broker } from '../../src/broker/broker.ts'
import { RunPool } from '../../src/broker/run-pool.ts'
import { describe } from '../../src/leases/describe-event.ts'
import type { RunEvent } from '../../src/leases/run-event.ts'

/** What it is told to do, as JSON in its argument. */
export interface BrokerTask {
  /** Its exporters' files, by their names. */
  readonly exporters: Readonly<Record<string, string>>
  /** Where it writes down what it gets. */
  readonly folder: string
  readonly rounds: number
  /** The roles of each of its files, and their selectors; files ask at the same time. */
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** One grant, a line of the file `grants`; times are in milliseconds since 1970. */
export interface Grant {
  readonly pid: number
  readonly file: string
  readonly exporters: readonly string[]
  readonly asked: number
  readonly got: number
}

const { exporters, folder, rounds, files } = JSON.parse(process.argv[2] ?? '{}') as BrokerTask
const sources = Object.entries(exporters).map(([name, file]) => ({
  name,
  start: (signal: AbortSignal, runFolder: string) =>
    LocalExporter.start({ name, file, runFolder, signal, emit: () => undefined }),
}))
const emit = (event: RunEvent) => {
  const sentence = describe(event)
  if (sentence !== undefined) appendFileSync(join(folder, 'notes'), `${sentence}\n`)
}
const broker = new Broker([new RunPool(sources)], { root: '/', emit })
const address = await broker.listen()
const context = {
  broker: address,
  leaseTimeoutMs: 50_000,
  onMissing: 'fail',
  retry: 0,
  evidence: 'off',
  hasTraceViewer: false,
  vitestVersion: '5.1.1',
  allow: [],
  project: '',
  isListing: false,
} as const

const work = Object.entries(files).map(async ([file, roles]) => {
  for (let round = 0; round < rounds; round++) {
    const lease = new FileLease(context, file)
    for (const [role, selector] of Object.entries(roles)) lease.addRole(role, selector)
    const asked = Date.now()
    const grants = Object.values(await lease.acquire())
    const got = Date.now()
    const names = grants.map((grant) => (grant.granted ? grant.exporter : grant.message))
    const marks = names.map((name) => join(folder, `used-${name}`))
    // Fails where another one has it.
    for (const mark of marks) writeFileSync(mark, file, { flag: 'wx' })
    const grant: Grant = { pid: process.pid, file, exporters: names, asked, got }
    appendFileSync(join(folder, 'grants'), `${JSON.stringify(grant)}\n`)
    await delay(2)
    for (const mark of marks) rmSync(mark)
    await lease.release()
  }
})
await Promise.all(work)
await broker.close()
