import { setTimeout as delay } from 'node:timers/promises'
import type { Vitest } from 'vitest/node'

import { WorkerProcesses } from './worker-processes.ts'

/** The signals that end a run, with the exit codes that shells give them: 128 and the signal's number (signal(7)). */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

type EndingSignal = keyof typeof exitCodes

/** How long Vitest takes to kill its workers: SIGKILL comes 500 ms after SIGTERM. In milliseconds, with some to spare. */
const killMs = 700
/** How long Vitest may take to end a run none of whose workers is left, in milliseconds. */
const finishMs = 500

/**
 * The end of a run by SIGINT, SIGTERM or SIGHUP. Vitest exits at the first one, within a millisecond, and no fixture
 * cleans up. Instead of that, the run is cancelled as `q` cancels it in watch mode: the tests end, fixtures clean up, boards
 * go safe, reporters say what has run, and the process ends with 130, 143 or 129. After Vitest's `teardownTimeout`, or
 * another signal, it ends at once with the same code; then the exporters, whose processes see the run go, make the boards
 * safe.
 *
 * In a program that runs Vitest through its API the same happens, because there too Vitest would end the process. Listeners
 * of the program stay, and are called beside this one. A program that ends by itself removes Vitest's listeners, as it
 * always had to: after `createVitest()` it finds this one in their place.
 */
export class EndOfRun {
  readonly #vitest: Vitest
  readonly #print: (line: string) => void
  readonly #workers = new WorkerProcesses()
  readonly #listeners = new Map<EndingSignal, () => void>()
  #hasStarted = false
  #signal: EndingSignal | undefined
  #waitsFor = 'the tests'

  /** @param print tells whoever watches the run what happens */
  constructor(vitest: Vitest, print: (line: string) => void) {
    this.#vitest = vitest
    this.#print = print
    // Vitest keeps its listeners when it restarts, and calls them then too.
    vitest.onClose(() => {
      this.#workers.unwatch()
      for (const [signal, listener] of this.#listeners) process.off(signal, listener)
    })
  }

  /** Takes over the signals that Vitest listens to, or nobody does. To be called again when Vitest has restarted. */
  takeOver(): void {
    this.#workers.watch()
    const vitests = vitestsListeners()
    for (const signal of Object.keys(exitCodes) as EndingSignal[]) {
      const listeners = process.listeners(signal)
      const own = this.#listeners.get(signal)
      // What only others listen to is theirs, unless it was Vitest's once.
      if (own === undefined && listeners.length > 0 && !listeners.some((listener) => vitests.has(listener))) continue
      for (const listener of vitests) process.off(signal, listener)
      const listener = own ?? (() => void this.#receive(signal))
      this.#listeners.set(signal, listener)
      if (!listeners.includes(listener)) process.on(signal, listener)
    }
  }

  /** To be called before anything starts that has to be ended. */
  started(): void {
    this.#hasStarted = true
  }

  /** To be called when Vitest cancels a run. Ctrl-C in watch mode is a key, and no signal, and Vitest forgets its code. */
  cancelled(): void {
    if (process.exitCode === exitCodes.SIGINT) this.#begin('SIGINT')
  }

  async #receive(signal: EndingSignal): Promise<void> {
    // A run that has not begun cannot be cancelled.
    if (!this.#hasStarted) process.exit(exitCodes[signal])
    if (this.#signal !== undefined) this.#leave()
    this.#print(`${signal}: tests are cancelled and boards left safe; again to leave at once`)
    this.#begin(signal)
    const cancelled = this.#cancel().then(() => true)
    const canEnd = await Promise.race([cancelled, this.#lost().then(() => Promise.race([cancelled, delay(finishMs)]))])
    if (canEnd !== true) this.#leave()
    this.#waitsFor = 'the boards'
    await this.#vitest.exit(true)
  }

  #begin(signal: EndingSignal): void {
    if (this.#signal !== undefined) return
    this.#signal = signal
    // Vitest sets 1 for a run that was cancelled.
    process.once('exit', () => {
      process.exitCode = exitCodes[signal]
    })
    // Whoever read the output may have ended by the same signal.
    for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined)
    const limitMs = this.#vitest.config.teardownTimeout
    setTimeout(() => {
      this.#print(
        `${this.#waitsFor} did not end within ${limitMs} ms after ${signal}; the exporters leave the boards safe`,
      )
      // Again, so that Vitest kills its workers and reports what has run.
      void Promise.race([this.#cancel(), delay(killMs)]).then(() => this.#leave())
    }, limitMs)
  }

  async #cancel(): Promise<void> {
    // What goes wrong is told where the run was started.
    await this.#vitest.cancelCurrentRun('keyboard-input').catch(() => undefined)
  }

  /** Settles when Vitest may wait for ever for a worker: the signal may have ended it before it could ignore it. */
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

/** Whether the tests of a project run in processes, and so get the signals that are sent to a whole group. */
export function isRunInProcesses({ pool }: { readonly pool: string }): boolean {
  return pool === 'forks' || pool === 'vmForks'
}
