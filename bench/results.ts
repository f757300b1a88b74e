import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { execa } from 'execa'

import { fileOf, python, run } from './process.ts'
import type { Summary } from './statistics.ts'

/** The results, with the machine and the versions they belong to. */
interface Conditions {
  /** ISO 8601. */
  readonly date: string
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly python: string
  readonly jumpstarter: string
}

/** The figures of the pairs and of the cold starts. */
export interface SpeedResults extends Conditions {
  readonly rounds: number
  readonly seconds: number
  /** By pair and by metric. */
  readonly pairs: Readonly<Record<string, Readonly<Record<string, Summary>>>>
  /** In milliseconds. */
  readonly cold: Readonly<Record<string, Summary>>
}

/** The exporter's memory while much is streamed. */
export interface MemoryResults extends Conditions {
  readonly gibibytes: number
  /** By exporter; MiB, the samples a second apart. */
  readonly exporters: Readonly<Record<string, { readonly peak: number; readonly samples: readonly number[] }>>
}

/** The time for which a console waits for a text after much output. */
export interface ConsoleResults extends Conditions {
  readonly rounds: number
  /** In milliseconds, by `pattern|megabytes`. */
  readonly waits: Readonly<Record<string, Summary>>
}

/** The cost of the recording. */
export interface RecordingResults extends Conditions {
  readonly rounds: number
  /** The time that is added, in percent, by metric. */
  readonly percent: Readonly<Record<string, Summary>>
}

/** The content of results.json. */
export interface Results {
  readonly recording?: RecordingResults
  readonly speed?: SpeedResults
  readonly memory?: MemoryResults
  readonly console?: ConsoleResults
}

const file = fileOf('results.json')

/** The results of earlier runs. */
export function readResults(): Results {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : {}
}

/** Keeps the results of this run, and of others what this run has not measured. */
export function writeResults(results: Results): void {
  writeFileSync(file, `${JSON.stringify(results, round, 2)}\n`)
}

function round(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value
}

/** The conditions of this run. */
export async function readConditions(): Promise<Conditions> {
  const version = "import platform, importlib.metadata as m; print(platform.python_version(), m.version('jumpstarter'))"
  const [pythonVersion = '', jumpstarter = ''] = (await run(python('python', '-c', version))).stdout.split(' ')
  const { stdout: system } = await execa('uname', ['-sr'])
  const [processor] = cpus()
  return {
    date: new Date().toISOString(),
    processor: processor?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system,
    node: process.versions.node,
    python: pythonVersion,
    jumpstarter,
  }
}

/** `Xeon …, 2 cores, 24 GiB; Node.js 24.21.0, Python 3.11.7, jumpstarter 0.9.0` */
export function describeConditions(conditions: Conditions): string {
  const { date, processor, cores, memoryGiB, system, node, python, jumpstarter } = conditions
  const machine = `${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}`
  return `${date.slice(0, 10)}; ${machine}; Node.js ${node}, Python ${python}, jumpstarter ${jumpstarter}`
}
