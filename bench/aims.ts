import { consolePatterns } from './console.ts'
import { chunkSizes, metrics } from './metrics.ts'
import type { ConsoleResults, MemoryResults, RecordingResults, Results, SpeedResults } from './results.ts'

/** An aim, and what came of it. */
export interface Verdict {
  readonly name: string
  readonly aim: string
  readonly value: string
  readonly met: boolean
}

const [python, ours, grpcJs] = ['python → python', 'ours → ours', 'grpc-js → grpc-js']
const [small, large] = [chunkSizes.slice(0, 2), chunkSizes.slice(2)]
const directions = ['up', 'down', 'echo']

/** Holds the results against the aims; those of a part that was not measured are left out. */
export function judge({ speed, memory, console, recording }: Results): Verdict[] {
  return [
    ...(speed === undefined ? [] : judgeSpeed(speed)),
    ...(memory === undefined ? [] : judgeMemory(memory)),
    ...(console === undefined ? [] : judgeConsole(console)),
    ...(recording === undefined ? [] : judgeRecording(recording)),
  ]
}

function judgeSpeed({ pairs, cold }: SpeedResults): Verdict[] {
  const median = (pair: string, id: string) => pairs[pair]?.[id]?.median ?? Number.NaN
  const ms = (id: string) => cold[id]?.median ?? Number.NaN
  const name = (id: string) => metrics.find((metric) => metric.id === id)?.name ?? id
  const against = (pair: string, other: string, id: string) => ({
    name: `${name(id)}: ${pair} / ${other}`,
    ratio: median(pair, id) / median(other, id),
  })
  const transfers = (sizes: readonly number[]) =>
    sizes.flatMap((size) => directions.map((direction) => `${direction}${size}`))
  return [
    atMost(against(ours, python, 'callP50'), 0.35),
    atMost(against(ours, grpcJs, 'callP50'), 1.15),
    atLeast(against(ours, python, 'results'), 8),
    ...transfers(small).map((id) => atLeast(against(ours, python, id), 4)),
    ...transfers(large).flatMap((id) => [
      atLeast(against('ours → python', python, id), 1),
      atLeast(against('python → ours', python, id), 1),
      atLeast(against(ours, grpcJs, id), 1),
    ]),
    below('exporter ready', ms('ourExporter'), 350, 'ms'),
    below('a test with hardware, above plain Vitest', ms('vitestHardware') - ms('vitestPlain'), 400, 'ms'),
    atMost({ name: 'a test with hardware: ours / pytest', ratio: ms('vitestHardware') / ms('pytest') }, 0.35),
    atMost({ name: 'a call in a shell: ours / jmp', ratio: ms('ourCall') / ms('theirCall') }, 0.4),
  ]
}

function judgeMemory({ gibibytes, exporters }: MemoryResults): Verdict[] {
  const last = exporters['ours']?.samples.at(-1) ?? Number.NaN
  return [below(`our exporter's memory after ${gibibytes} GiB each way`, last, 160, 'MiB')]
}

function judgeConsole({ waits }: ConsoleResults): Verdict[] {
  const ms = (name: string, megabytes: number) => waits[`${name}|${megabytes}`]?.median ?? Number.NaN
  return Object.keys(consolePatterns).flatMap((name) => [
    below(`a console, 50 MB, ${name}`, ms(name, 50), 1_500, 'ms'),
    // Linear: what is constant, such as loading, only makes it less.
    atMost({ name: `a console, 50 MB against 5 MB, ${name}`, ratio: ms(name, 50) / ms(name, 5) }, 12),
  ])
}

function judgeRecording({ percent }: RecordingResults): Verdict[] {
  return Object.entries(percent).map(([id, { median }]) => {
    const name = metrics.find((metric) => metric.id === id)?.name ?? 'call'
    return below(`the recording of: ${name}`, median, id === 'call' ? 3 : 5, '%')
  })
}

function atMost({ name, ratio }: { name: string; ratio: number }, limit: number): Verdict {
  return { name, aim: `≤ ${limit} ×`, value: `${ratio.toFixed(2)} ×`, met: ratio <= limit }
}

function atLeast({ name, ratio }: { name: string; ratio: number }, limit: number): Verdict {
  return { name, aim: `≥ ${limit} ×`, value: `${ratio.toFixed(2)} ×`, met: ratio >= limit }
}

function below(name: string, value: number, limit: number, unit: string): Verdict {
  return { name, aim: `< ${limit} ${unit}`, value: `${value.toFixed(0)} ${unit}`, met: value < limit }
}
