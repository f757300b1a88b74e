import { join } from 'node:path'

import { createPrivateFolder } from '../src/base/private-folder.ts'
import type { Plan } from './plan.ts'
import {
  compiled,
  type Command,
  fileOf,
  node,
  python,
  type RunningProcess,
  run,
  start,
  vitestHardware,
} from './process.ts'
import { peakMemory } from './programs/memory.ts'

/** The implementations that can be either side. */
export type Side = 'python' | 'ours' | 'grpc-js'

/** A client and an exporter, in two processes on a unix socket. */
export interface Pair {
  readonly client: Side
  readonly exporter: Side
}

/** `ours → python` */
export function nameOf({ client, exporter }: Pair): string {
  return `${client} → ${exporter}`
}

/** All that are measured. */
export const pairs: readonly Pair[] = [
  { client: 'python', exporter: 'python' },
  { client: 'ours', exporter: 'python' },
  { client: 'python', exporter: 'ours' },
  { client: 'ours', exporter: 'ours' },
  { client: 'grpc-js', exporter: 'grpc-js' },
]

const clients: Readonly<Record<Side, (plan: string) => Command>> = {
  python: (plan) => python('python', fileOf('programs/bench_client.py'), plan),
  ours: (plan) => node(fileOf('programs/our-client.ts'), plan),
  'grpc-js': (plan) => node(fileOf('programs/raw-client.ts'), plan),
}

const exporters: Readonly<Record<Side, (socket: string) => Command>> = {
  python: () => python('python', fileOf('programs/bench_exporter.py')),
  ours: (socket) => vitestHardware('run', '--exporter-config', fileOf('programs/exporter.yaml'), '--socket', socket),
  'grpc-js': (socket) => node(fileOf('programs/raw-server.ts'), socket),
}

/** Starts the exporter of one side, with the driver of the benchmark. */
export async function startExporter(side: Side, env: Readonly<Record<string, string>> = {}): Promise<RunningProcess> {
  await using cleanups = new AsyncDisposableStack()
  const folder = await createPrivateFolder()
  cleanups.defer(() => folder.remove())
  const command = exporters[side](join(folder.path, 'bench.sock'))
  const running = await start(command, /^JUMPSTARTER_HOST=(.+)$/m, { env: { ...compiled, ...env } })
  cleanups.use(running)
  const owned = cleanups.move()
  return { ...running, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** Measures a pair once, in new processes. @returns the figures by their metrics' ids */
export async function measurePair({ client, exporter }: Pair, plan: Plan): Promise<Record<string, number>> {
  await using running = await startExporter(exporter)
  const env = { ...compiled, JUMPSTARTER_HOST: running.found }
  const { stdout } = await run(clients[client](JSON.stringify(plan)), { env })
  return { ...(JSON.parse(stdout) as Record<string, number>), exporterMemory: peakMemory(running.pid) }
}

/** Starts every exporter once, so that what Node.js keeps of it is there when it counts. */
export async function prepareExporters(): Promise<void> {
  for (const side of ['ours', 'grpc-js'] satisfies Side[]) await (await startExporter(side))[Symbol.asyncDispose]()
}
