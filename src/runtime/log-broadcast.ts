import { EventEmitter, once } from 'node:events'

import type { LogEntry } from '../protocol/exporter.ts'

/** The number of lines that are kept for readers that come later or read slowly. */
const capacity = 256

/**
 * The log of a session. Every reader gets every line, at its own pace. A reader that falls behind by more lines than are kept gets
 * a line with the number of lines that it has missed.
 */
export class LogBroadcast {
  readonly #lines: LogEntry[] = []
  /** The number of lines before the oldest kept one. */
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
    this.#events.emit('line', entry)
    this.#events.emit('change')
  }

  /** Passes on every new line at once, so that none can be missed. */
  forward(receive: (entry: LogEntry) => void): void {
    this.#events.on('line', receive)
  }

  /** Ends every reader, after the lines that are still kept. */
  close(): void {
    this.#closed = true
    this.#events.emit('change')
  }

  /** Reads the kept lines, then every new one, until the signal is aborted or the log is closed. */
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
        yield { ...entry, number: cursor }
      } else if (this.#closed) {
        return
      } else {
        await once(this.#events, 'change', { signal }).catch(() => undefined)
      }
    }
  }
}
