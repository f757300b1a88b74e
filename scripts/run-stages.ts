/**
 * Runs npm scripts one after another: `node scripts/run-stages.ts build check test:unit`. Prints the name of each stage when it
 * begins, and at the end a table with the seconds that each stage took. The first stage that fails ends the run, and its exit code
 * is that of the run.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'

interface Stage {
  readonly name: string
  readonly seconds: number
  readonly code: number
}

/** The stage that runs now. */
let running: ReturnType<typeof spawn> | undefined
/** The signal that ends the run. */
let endedBy: NodeJS.Signals | undefined

function end(signal: NodeJS.Signals): void {
  endedBy = signal
  // A terminal sends SIGINT to the stage as well, so that only other signals are passed on.
  if (signal !== 'SIGINT') running?.kill(signal)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(signal))

/** @returns the exit code; as in a shell, 128 and the signal's number for a stage that a signal has ended */
async function runStage(name: string): Promise<number> {
  running = spawn('npm', ['run', '--silent', name], { stdio: 'inherit' })
  const [code, signal] = (await once(running, 'exit')) as [number | null, NodeJS.Signals | null]
  const fatal = endedBy ?? signal ?? undefined
  return fatal === undefined ? (code ?? 1) : 128 + constants.signals[fatal]
}

function printTable(stages: readonly Stage[], names: readonly string[]): void {
  const width = Math.max(...names.map((name) => name.length))
  const rows = names.map((name, index) => {
    const stage = stages[index]
    const result = stage === undefined ? 'not run' : stage.code === 0 ? '' : `failed with code ${stage.code}`
    return `${name.padEnd(width)}  ${(stage?.seconds.toFixed(0) ?? '').padStart(5)}  ${result}`.trimEnd()
  })
  const total = stages.reduce((sum, { seconds }) => sum + seconds, 0)
  console.log(
    ['', `${'stage'.padEnd(width)}      s`, ...rows, `${'total'.padEnd(width)}  ${total.toFixed(0).padStart(5)}`].join(
      '\n',
    ),
  )
}

const names = process.argv.slice(2)
const stages: Stage[] = []
for (const [index, name] of names.entries()) {
  console.log(`\n=== ${name} (${index + 1} of ${names.length})`)
  const begin = performance.now()
  const code = await runStage(name)
  stages.push({ name, seconds: (performance.now() - begin) / 1000, code })
  if (code !== 0) break
}
printTable(stages, names)
process.exitCode = stages.at(-1)?.code ?? 0
