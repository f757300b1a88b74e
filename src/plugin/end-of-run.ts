import type { Vitest } from 'vitest/node'

import { startTimer } from '../base/clock.ts'
import { pause } from '../base/pause.ts'
import type { RunEvent } from '../leases/run-event.ts'
import type { WorkerExit } from './dead-worker.ts'
import { WorkerProcesses } from './worker-processes.ts'

/** The signals that end a run, with the exit codes that shells give them: 128 and the signal's number (signal(7)). */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

type EndingSignal = keyof typeof exitCodes

/** The time that Vitest takes to kill its workers, in milliseconds: SIGKILL comes 500 ms after SIGTERM. */
const killAfterMs = 700
/** The longest time that Vitest may take to end a run without workers, in milliseconds. */
const drainTimeoutMs = 500

/** Options of {@link EndOfRun}. */
export interface EndOfRunOptions {
  /** Receives the signal that ends the run. */
  readonly emit: (event: RunEvent) => void
  /** Called when the process of a worker has ended by itself, and no signal ends the run. */
  readonly workerExited: (exit: WorkerExit) => void
}

/**
 * Ends a run after SIGINT, SIGTERM or SIGHUP. Vitest alone would exit within a millisecond, before any fixture cleans up. This
 * class cancels the run instead, as `q` does in watch mode: the tests end, fixtures clean up, boards become safe, reporters report
 * the tests that have run, and the process exits with 130, 143 or 129. After Vitest's `teardownTimeout`, or a second signal, the
 * process exits at once with the same code; the exporters notice the end of the run and make the boards safe.
 *
 * The same happens in a program that runs Vitest through its API, because Vitest would end that process, too. The program's
 * listeners stay. A program that ends by itself has to remove Vitest's listeners, and finds this one in their place after
 * `createVitest()`.
 */
export class EndOfRun {
  readonly #vitest: Vitest
  readonly #emit: (event: RunEvent) => void
  readonly #workers: WorkerProcesses
  readonly #listeners = new Map<EndingSignal, () => void>()
  #hasStarted = false
  #signal: EndingSignal | undefined
  #waitsFor: 'tests' | 'exporters' = 'tests'

  constructor(vitest: Vitest, { emit, workerExited }: EndOfRunOptions) {
    this.#vitest = vitest
    this.#emit = emit
    this.#workers = new WorkerProcesses((exit) => {
      if (this.#signal === undefined) workerExited(exit)
    })
    // Vitest calls its listeners also when it restarts, and keeps them.
    vitest.onClose(() => {
      this.#workers.unwatch()
      for (const [signal, listener] of this.#listeners) process.off(signal, listener)
    })
  }

  /**
   * Takes over the signals that Vitest listens to, and those without a listener, in the run and in the workers of all projects. Call it again
   * when Vitest has restarted.
   *
   * @param workerSetup the path of the setup file for workers
   */
  takeOver(workerSetup: string): void {
    for (const { config } of this.#vitest.projects) {
      if (isRunInProcesses(config) && !config.setupFiles.includes(workerSetup)) config.setupFiles.unshift(workerSetup)
    }
    this.#workers.watch()
    const vitests = vitestsListeners()
    for (const signal of Object.keys(exitCodes) as EndingSignal[]) {
      const listeners = process.listeners(signal)
      const own = this.#listeners.get(signal)
      // Leave signals alone that only other code listens to, unless Vitest used to.
      if (own === undefined && listeners.length > 0 && !listeners.some((listener) => vitests.has(listener))) continue
      for (const listener of vitests) process.off(signal, listener)
      const listener = own ?? (() => void this.#receive(signal))
      this.#listeners.set(signal, listener)
      if (!listeners.includes(listener)) process.on(signal, listener)
    }
  }

  /** Notes that a run begins, which a signal has to end. */
  started(): void {
    this.#hasStarted = true
  }

  /** Notes that Vitest cancels a run. Ctrl-C in watch mode is a key and no signal, and Vitest forgets its exit code. */
  cancelled(): void {
    if (process.exitCode === exitCodes.SIGINT) this.#begin('SIGINT')
  }

  async #receive(signal: EndingSignal): Promise<void> {
    // A run that has not begun cannot be cancelled.
    if (!this.#hasStarted) process.exit(exitCodes[signal])
    if (this.#signal !== undefined) this.#leave()
    this.#emit({ type: 'interrupted', signal })
    this.#begin(signal)
    const cancelled = this.#cancel().then(() => true)
    const canEnd = await Promise.race([
      cancelled,
      this.#lost().then(() => Promise.race([cancelled, pause(drainTimeoutMs)])),
    ])
    if (canEnd !== true) this.#leave()
    this.#waitsFor = 'exporters'
    await this.#vitest.exit(true)
  }

  #begin(signal: EndingSignal): void {
    if (this.#signal !== undefined) return
    this.#signal = signal
    // Vitest sets 1 for a run that was cancelled.
    process.once('exit', () => {
      process.exitCode = exitCodes[signal]
    })
    // The reader of the output may have ended by the same signal.
    for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined)
    const limitMs = this.#vitest.config.teardownTimeout
    startTimer(() => {
      this.#emit({ type: 'interruptTimedOut', signal, waitedFor: this.#waitsFor, limitMs })
      // A second cancellation makes Vitest kill its workers and report the tests that have run.
      void Promise.race([this.#cancel(), pause(killAfterMs)]).then(() => this.#leave())
    }, limitMs)
  }

  async #cancel(): Promise<void> {
    // The caller that has started the run gets the error.
    await this.#vitest.cancelCurrentRun('keyboard-input').catch(() => undefined)
  }

  /** Settles when Vitest may wait forever for a worker, because the signal has ended the worker before its set-up. */
  async #lost(): Promise<void> {
    const { promise: never } = Promise.withResolvers<void>()
    const inProcesses = this.#vitest.projects.every(({ config }) => isRunInProcesses(config))
    return inProcesses ? this.#workers.lost() : never
  }

  #leave(): never {
    this.#workers.kill()
    return process.exit()
  }
}

/** Vitest listens to both signals, and to the exit of the process, with one function. */
function vitestsListeners(): ReadonlySet<NodeJS.SignalsListener> {
  const [exit, interrupt, terminate] = [
    process.listeners('exit'),
    process.listeners('SIGINT'),
    process.listeners('SIGTERM'),
  ]
  return new Set(
    interrupt.filter((listener) => {
      return listener.name === 'onExit' && terminate.includes(listener) && exit.includes(listener as never)
    }),
  )
}

/** True if the tests of a project run in processes, which get the signals that are sent to a whole group. */
function isRunInProcesses({ pool }: { readonly pool: string }): boolean {
  return pool === 'forks' || pool === 'vmForks'
}
