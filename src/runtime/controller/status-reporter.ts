import { now } from '../../base/clock.ts'
import { pause } from '../../base/pause.ts'
import { RepeatedFailures } from '../../base/repeated-failures.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { ExporterStatusName } from '../../protocol/exporter.ts'
import { isRetryable } from '../../protocol/controller/controller-error.ts'
import type { ExporterCalls } from '../../protocol/controller/exporter-calls.ts'

/** The pause before a report is sent again, in milliseconds. */
const retryMs = 1_000
/**
 * The time in which a controller may still compare a report with the status before the last one, in milliseconds: it reads from a
 * cache, and writes only what differs from that. So a status that comes soon after another one may be lost.
 */
const cacheLagMs = 500
/** The first pause before such a status is sent again, in milliseconds; each later pause is four times as long. */
const firstRepeatMs = 50

interface Report {
  readonly status: ExporterStatusName
  readonly message: string | undefined
}

/** Reports the status of an exporter to its controller. Of several changes that wait, only the last one is sent. */
export class StatusReporter {
  readonly #calls: ExporterCalls
  readonly #print: (line: string) => void
  readonly #ended = new AbortController()
  readonly #failures = new RepeatedFailures()
  #next: Report | undefined
  #last: Report | undefined
  /** An exporter that was restarted may have reported its end a moment ago. */
  #lastSentAt = now()
  #running: Promise<void> = Promise.resolve()
  #isRunning = false

  constructor(calls: ExporterCalls, print: (line: string) => void) {
    this.#calls = calls
    this.#print = print
  }

  /** Sends a status. A status that still waits is dropped. */
  report(status: ExporterStatusName, message?: string): void {
    this.#next = this.#last = { status, message }
    if (this.#isRunning) return
    this.#isRunning = true
    this.#running = this.#run()
  }

  /** Sends the last status again. @returns false if there is none */
  repeat(): boolean {
    if (this.#last === undefined) return false
    this.report(this.#last.status, this.#last.message)
    return true
  }

  /** Waits until the last status is sent, at most for a time in milliseconds. */
  async flush(timeoutMs: number): Promise<void> {
    const limit = { name: 'the report of the status', timeoutMs }
    await withTimeLimit(limit, () => this.#running).catch(() => undefined)
  }

  /** Stops sending. */
  close(): void {
    this.#ended.abort()
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended
    try {
      while (this.#next !== undefined && !signal.aborted) {
        const next = this.#next
        this.#next = undefined
        const isSent = await this.#send(next)
        if (isSent) this.#repeatIfTooSoon(next)
        if (isSent || signal.aborted) continue
        this.#next ??= next
        await pause(retryMs, { signal }).catch(() => undefined)
      }
    } finally {
      this.#isRunning = false
    }
  }

  /** Sends a status that came soon after another one again, until the controller's cache has it. */
  #repeatIfTooSoon(sent: Report): void {
    const { signal } = this.#ended
    const sentAt = now()
    const sinceMs = sentAt - this.#lastSentAt
    this.#lastSentAt = sentAt
    if (sinceMs >= cacheLagMs) return
    void pause(Math.max(firstRepeatMs, 4 * sinceMs), { signal, ref: false }).then(
      () => sent === this.#last && this.repeat(),
      () => undefined,
    )
  }

  /** @returns false if another try may succeed */
  async #send({ status, message }: Report): Promise<boolean> {
    const { signal } = this.#ended
    try {
      await this.#calls.reportStatus(status, { message }, { signal })
      const failures = this.#failures.end()
      if (failures > 1) this.#print(`the controller was told of ${status}, after ${failures} failures`)
      return true
    } catch (error) {
      if (signal.aborted) return true
      if (error instanceof HardwareError && error.code === 'NOT_IMPLEMENTED') {
        // A controller that does not know the call gets no more reports.
        this.#ended.abort()
        return true
      }
      const warning = `warning: the controller was not told of ${status}: ${messageOf(error)}`
      if (this.#failures.add(warning)) this.#print(warning)
      return !isRetryable(error)
    }
  }
}
