/**
 * `npm run bench`: measures our client and our exporter beside Jumpstarter's Python and plain grpc-js, prints the figures,
 * and writes them to results.json and docs/performance.md.
 *
 * `--quick`           under a minute, and writes nothing
 * `--rounds <number>` how often everything is measured (default 5)
 * `--memory`          instead: the exporter's memory while much is streamed
 * `--gibibytes <n>`   how much, in each direction (default 10)
 * `--console`         instead: how long a console takes through much output
 * `--recording`       instead: what the recording costs, on against off in one process
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'

import { hasPythonEnvironment } from '../scripts/python-environment.ts'
import { measureConsole } from './console.ts'
import { measureMemory } from './memory.ts'
import { fullPlan, quickPlan } from './plan.ts'
import { fileOf } from './process.ts'
import { measureRecording } from './recording.ts'
import { formatReport, writeDocument } from './report.ts'
import { readResults, type Results, writeResults } from './results.ts'
import { measureSpeed } from './speed.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    memory: { type: 'boolean', default: false },
    gibibytes: { type: 'string', default: '10' },
    console: { type: 'boolean', default: false },
    recording: { type: 'boolean', default: false },
  },
})
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5))
const gibibytes = Number(options.gibibytes)
if (!(Number.isInteger(rounds) && rounds > 0)) throw new TypeError('--rounds has to be a whole number above 0')
if (!(gibibytes > 0)) throw new TypeError('--gibibytes has to be a number above 0')
if (!existsSync('/proc/self/status')) throw new Error('Memory is read from /proc, so this needs Linux')
if (!existsSync(fileOf('../dist/cli/main.js'))) throw new Error('There is nothing to measure: npm run build')
if (!hasPythonEnvironment()) throw new Error("Jumpstarter's Python is missing: npm run setup")

const print = (line: string) => console.error(line)
const measured = await measure()

console.log(`\n${formatReport(measured)}`)
if (options.quick) {
  console.log('These figures are quick ones: nothing is written.')
} else {
  const all = { ...readResults(), ...measured }
  writeResults(all)
  writeDocument(all)
}

async function measure(): Promise<Results> {
  if (options.memory) return { memory: await measureMemory({ gibibytes, print }) }
  if (options.recording) {
    const slices = options.quick ? { slices: 10, sliceMs: 15 } : { slices: 60, sliceMs: 40 }
    return { recording: await measureRecording({ rounds, ...slices, print }) }
  }
  if (options.console) return { console: await measureConsole({ rounds, print }) }
  return { speed: await measureSpeed({ rounds, plan: options.quick ? quickPlan : fullPlan, print }) }
}
