import { setTimeout as delay } from 'node:timers/promises'

import { HardwareError, messageOf } from '../../errors.ts'
import type { ExporterStatusName } from '../../protocol/channel.ts'
import { mayPass } from '../../protocol/controller-error.ts'
import type { ExporterCalls } from '../../protocol/exporter-calls.ts'
import { withTimeLimit } from '../../time-limit.ts'

const retryMs = 1_000

/** Tells a controller the state of its exporter: the latest one, until it is told. */
export class StatusReporter {
  readonly #calls: ExporterCalls
  readonly #print: (line: string) => void
  readonly #ended = new AbortController()
  #next: { readonly status: ExporterStatusName; readonly message: string | undefined } | undefined
  #running: Promise<void> = Promise.resolve()
  #isRunning = false

  constructor(calls: ExporterCalls, print: (line: string) => void) {
    this.#calls = calls
    this.#print = print
  }

  /** What was to be told before, and has not been, is told no more. */
  report(status: ExporterStatusName, message?: string): void {
    this.#next = { status, message }
    if (this.#isRunning) return
    this.#isRunning = true
    this.#running = this.#run()
  }

  /** Waits until the latest is told, or for as long as that may take, in milliseconds. */
  async flush(timeoutMs: number): Promise<void> {
    const limit = { name: 'the report of the status', timeoutMs }
    await withTimeLimit(limit, () => this.#running).catch(() => undefined)
  }

  close(): void {
    this.#ended.abort()
  }

  async #run(): Promise<void> {
    try {
      while (this.#next !== undefined && !this.#ended.signal.aborted) {
        const { status, message } = this.#next
        this.#next = undefined
        try {
          await this.#calls.reportStatus(status, { message }, { signal: this.#ended.signal })
        } catch (error) {
          if (this.#ended.signal.aborted) return
          if (error instanceof HardwareError && error.code === 'NOT_IMPLEMENTED') {
            // Nor are others told, by a controller that does not ask for them.
            this.#ended.abort()
            return
          }
          this.#print(`warning: the controller was not told of ${status}: ${messageOf(error)}`)
          if (!mayPass(error)) continue
          this.#next ??= { status, message }
          await delay(retryMs, undefined, { signal: this.#ended.signal }).catch(() => undefined)
        }
      }
    } finally {
      this.#isRunning = false
    }
  }
}
