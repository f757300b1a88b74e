import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** Where Vitest says that a process of its pools `forks` and `vmForks` begins. */
const entryPattern = /[\\/]workers[\\/](?:forks|vmForks)\.js$/
/** How long ago the same event may have ended a worker that is noticed first, in milliseconds. */
const justNowMs = 1_000

/**
 * The processes in which Vitest runs tests. Vitest keeps them to itself; Node tells of every process that is started (on
 * the diagnostics channel `child_process`).
 */
export class WorkerProcesses {
  readonly #running = new Set<ChildProcess>()
  #lostAt = -Infinity
  #noneLeft: (() => void) | undefined

  /** Begins to look for them. May be called again. */
  watch(): void {
    this.unwatch()
    subscribe('child_process', this.#started)
  }

  unwatch(): void {
    unsubscribe('child_process', this.#started)
  }

  /** Settles when none is left and one has ended by itself, just now or from now on. Vitest may wait for that for ever. */
  lost(): Promise<void> {
    return new Promise((resolve) => {
      const from = performance.now() - justNowMs
      this.#noneLeft = () => {
        if (this.#lostAt > from) resolve()
      }
      if (this.#running.size === 0) this.#noneLeft()
    })
  }

  /** Ends all of them at once. */
  kill(): void {
    for (const child of this.#running) child.kill('SIGKILL')
  }

  readonly #started = (message: unknown): void => {
    const { process: child } = message as { readonly process: ChildProcess }
    child.once('spawn', () => {
      if (!child.spawnargs.some((argument) => entryPattern.test(argument))) return
      this.#running.add(child)
      child.once('exit', () => {
        this.#running.delete(child)
        if (!child.killed) this.#lostAt = performance.now()
        if (this.#running.size === 0) this.#noneLeft?.()
      })
    })
  }
}
