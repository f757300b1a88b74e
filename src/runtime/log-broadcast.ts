import { EventEmitter, once } from 'node:events'

import type { LogEntry } from '../protocol/channel.ts'

/** How many lines are kept for those who come later or read slowly. */
const capacity = 256

/**
 * A session's log. Every reader sees every line, each at its own pace; one that falls behind by more than the buffer
 * holds gets a line that says how many it missed.
 */
export class LogBroadcast {
  readonly #lines: LogEntry[] = []
  /** The number of the oldest line that is kept. */
  #first = 0
  #closed = false
  readonly #events = new EventEmitter().setMaxListeners(0)

  /** Adds a line. Never waits for a reader. */
  write(entry: LogEntry): void {
    this.#lines.push(entry)
    if (this.#lines.length > capacity) {
      this.#lines.shift()
      this.#first++
    }
    this.#events.emit('change')
  }

  /** Ends every reader, after what is still kept. */
  close(): void {
    this.#closed = true
    this.#events.emit('change')
  }

  /** The lines that are kept, then every new one, until the signal is aborted or the log closed. */
  async *read(signal: AbortSignal): AsyncGenerator<LogEntry, void, void> {
    let cursor = this.#first
    while (!signal.aborted) {
      if (cursor < this.#first) {
        yield { severity: 'WARNING', source: 'SYSTEM', message: `${this.#first - cursor} log lines dropped` }
        cursor = this.#first
      }
      const entry = this.#lines[cursor - this.#first]
      if (entry !== undefined) {
        cursor++
        yield entry
      } else if (this.#closed) {
        return
      } else {
        await once(this.#events, 'change', { signal }).catch(() => undefined)
      }
    }
  }
}
