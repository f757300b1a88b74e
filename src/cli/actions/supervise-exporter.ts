import { constants } from 'node:os'

import { now } from '../../base/clock.ts'
import { pause } from '../../base/pause.ts'
import { runCommandToEnd } from '../run-command.ts'

/** The pauses before the exporter is started again, in milliseconds: the first, and the longest; each is twice the one before. */
const firstPauseMs = 1_000
const maxPauseMs = 30_000
/** An exporter that has run for this time, in milliseconds, has the first pause again. */
const stableMs = 60_000

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** The exit codes after which the exporter stays ended: done, a mistake in options or files, and the signals that end it. */
const finalCodes: ReadonlySet<number> = new Set([0, 2, ...endingSignals.map((name) => 128 + constants.signals[name])])

/**
 * Runs an exporter in a process below this one, and starts it again each time that it has failed, or was killed. An exporter that
 * could not make its devices safe does that first when it starts again.
 *
 * @param commandLine the program and the arguments of this process
 */
export async function superviseExporter(commandLine: readonly string[]): Promise<void> {
  const args = commandLine.filter((argument) => argument !== '--restart')
  const command = [process.execPath, ...process.execArgv, ...args] as const
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, maxPauseMs)) {
    const begin = now()
    const code = await runCommandToEnd(command, { variables: {} })
    if (finalCodes.has(code)) {
      process.exitCode = code
      return
    }
    if (now() - begin > stableMs) pauseMs = firstPauseMs
    console.error(`the exporter has ended with exit code ${code}; it is started again in ${pauseMs} ms`)
    const signal = await pauseUntilSignal(pauseMs)
    if (signal === undefined) continue
    process.exitCode = 128 + constants.signals[signal]
    return
  }
}

/** @returns the signal that has ended the pause */
async function pauseUntilSignal(ms: number): Promise<NodeJS.Signals | undefined> {
  const end = new AbortController()
  let received: NodeJS.Signals | undefined
  const stop = (signal: NodeJS.Signals) => {
    received = signal
    end.abort()
  }
  for (const signal of endingSignals) process.on(signal, stop)
  await pause(ms, { signal: end.signal }).catch(() => undefined)
  for (const signal of endingSignals) process.off(signal, stop)
  return received
}
