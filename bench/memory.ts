import { setInterval as every } from 'node:timers/promises'

import { prepareExporters, type Side, startExporter } from './pairs.ts'
import { fileOf, node, type RunningProcess, run } from './process.ts'
import { peakMemory, residentMemory } from './programs/memory.ts'
import { type MemoryResults, readConditions } from './results.ts'

/** The options of {@link measureMemory}. */
export interface MemoryOptions {
  /** The amount that is streamed in each direction. */
  readonly gibibytes: number
  readonly print: (line: string) => void
}

type ExporterMemory = MemoryResults['exporters'][string]

/** The longest that streaming in one direction may take, in milliseconds. */
const streamLimitMs = 1_800_000

/** Streams much through one exporter, and watches its memory: ours, and the one on plain grpc-js. */
export async function measureMemory({ gibibytes, print }: MemoryOptions): Promise<MemoryResults> {
  await prepareExporters()
  const exporters: Record<string, ExporterMemory> = {}
  for (const side of ['ours', 'grpc-js'] satisfies Side[]) {
    exporters[side] = await watchExporter(side, gibibytes, (line) => print(`${side}: ${line}`))
  }
  return { ...(await readConditions()), gibibytes, exporters }
}

async function watchExporter(side: Side, gibibytes: number, print: (line: string) => void): Promise<ExporterMemory> {
  const watch = `--import=${new URL('programs/watch-listeners.ts', import.meta.url).href}`
  await using exporter = await startExporter(side, { NODE_OPTIONS: watch })
  const samples: number[] = []
  const sample = () => {
    samples.push(Math.round(residentMemory(exporter.pid)))
    print(`${samples.at(-1)} MiB`)
  }
  sample()
  for (const direction of ['down', 'up']) {
    const done = new AbortController()
    const sampling = everySecond(sample, done.signal)
    try {
      const streamer = node(fileOf('programs/streamer.ts'), side, direction, String(gibibytes))
      const env = { JUMPSTARTER_HOST: exporter.found }
      print((await run(streamer, { env, timeoutMs: streamLimitMs })).stdout)
    } finally {
      done.abort()
      await sampling
    }
  }
  sample()
  print(`most listeners on one stream: ${await listenersOf(exporter)}`)
  for (const warning of exporter.output().match(/^.*Warning:.*$/gm) ?? []) print(warning)
  return { peak: peakMemory(exporter.pid), samples }
}

async function everySecond(step: () => void, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of every(1000, undefined, { signal })) step()
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** The counts of watch-listeners.ts: events that had more than three listeners. */
async function listenersOf(exporter: RunningProcess): Promise<string> {
  process.kill(exporter.pid, 'SIGUSR2')
  const counts = JSON.parse(await exporter.prints(/^LISTENERS=(.*)$/m)) as Record<string, number>
  const many = Object.entries(counts).filter(([, count]) => count > 3)
  return many.map(([event, count]) => `${event} ${count}`).join(', ') || 'three or fewer for every event'
}
