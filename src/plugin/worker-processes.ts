import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

import { now } from '../base/clock.ts'
import type { WorkerExit } from './dead-worker.ts'

/** The script of a process in Vitest's pools `forks` and `vmForks`. */
const entryPattern = /[\\/]workers[\\/](?:forks|vmForks)\.js$/
/** The age up to which the exit of a worker may belong to the signal that arrives now, in milliseconds. */
const sameEventMs = 1_000

/**
 * The processes in which Vitest runs tests. Vitest does not publish them, but Node.js reports every process that is started on the
 * diagnostics channel `child_process`.
 */
export class WorkerProcesses {
  readonly #running = new Set<ChildProcess>()
  readonly #exited: (exit: WorkerExit) => void
  #lostAt = -Infinity
  #noneLeft: (() => void) | undefined

  /** @param exited called when a process has ended by itself, before its connections are closed */
  constructor(exited: (exit: WorkerExit) => void) {
    this.#exited = exited
  }

  /** Begins to watch for new processes. May be called again. */
  watch(): void {
    this.unwatch()
    subscribe('child_process', this.#started)
  }

  unwatch(): void {
    unsubscribe('child_process', this.#started)
  }

  /** Settles when no process is left and one has ended by itself, a moment ago or later. Vitest may wait for it forever. */
  lost(): Promise<void> {
    return new Promise((resolve) => {
      const from = now() - sameEventMs
      this.#noneLeft = () => {
        if (this.#lostAt > from) resolve()
      }
      if (this.#running.size === 0) this.#noneLeft()
    })
  }

  /** Kills all processes. */
  kill(): void {
    for (const child of this.#running) child.kill('SIGKILL')
  }

  readonly #started = (message: unknown): void => {
    const { process: child } = message as { readonly process: ChildProcess }
    child.once('spawn', () => {
      if (!child.spawnargs.some((argument) => entryPattern.test(argument))) return
      this.#running.add(child)
      child.once('exit', (code, signal) => {
        this.#running.delete(child)
        if (!child.killed) {
          this.#lostAt = now()
          const reason = signal === null ? `exit code ${code}` : `signal ${signal}`
          this.#exited({ pid: child.pid ?? 0, reason })
        }
        if (this.#running.size === 0) this.#noneLeft?.()
      })
    })
  }
}
