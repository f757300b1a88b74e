import { startExporter } from './pairs.ts'
import { compiled, fileOf, node, run } from './process.ts'
import { readConditions, type RecordingResults } from './results.ts'
import { type Summary, summarize } from './statistics.ts'

/** The time of the processor for doing something once, in microseconds, slice by slice, without and with a recording. */
export type RecordingSlices = Record<string, { readonly off: readonly number[]; readonly on: readonly number[] }>

/** The options of {@link measureRecording}. */
export interface RecordingBenchOptions {
  readonly rounds: number
  /** The number of slices of each kind, and the time of each, in milliseconds. */
  readonly slices: number
  readonly sliceMs: number
  readonly print: (line: string) => void
}

/** Measures the cost of the recording: both connections in one process, in turns, and everything in several processes. */
export async function measureRecording({
  rounds,
  slices,
  sliceMs,
  print,
}: RecordingBenchOptions): Promise<RecordingResults> {
  const costs: Record<string, number[]> = {}
  for (let round = 1; round <= rounds; round++) {
    print(`round ${round} of ${rounds}: recording`)
    await using exporter = await startExporter('ours')
    const env = { ...compiled, JUMPSTARTER_HOST: exporter.found }
    const program = node(fileOf('programs/recording.ts'), JSON.stringify({ slices, sliceMs }))
    const { stdout } = await run(program, { env })
    for (const [id, { off, on }] of Object.entries(JSON.parse(stdout) as RecordingSlices)) {
      ;(costs[id] ??= []).push((summarize(on).median / summarize(off).median - 1) * 100)
    }
  }
  const summaries = Object.entries(costs).map(([id, values]): [string, Summary] => [id, summarize(values)])
  return { ...(await readConditions()), rounds, percent: Object.fromEntries(summaries) }
}
