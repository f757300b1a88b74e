import type { LogEntry, Severity } from '../protocol/channel.ts'

/** How many lines a logger keeps until somebody listens. */
const maxHeld = 256

/** Writes to the exporter's log, which clients can follow. */
export class Logger {
  readonly #name: string
  readonly #source: LogEntry['source']
  #held: LogEntry[] = []
  #sink: ((entry: LogEntry) => void) | undefined

  /** @param name stands in front of every line */
  constructor(name: string, source: LogEntry['source'] = 'DRIVER') {
    this.#name = name
    this.#source = source
  }

  /** Sends all lines to `sink`, those first that were written before there was one. */
  connect(sink: (entry: LogEntry) => void): void {
    this.#sink = sink
    const held = this.#held
    this.#held = []
    for (const entry of held) sink(entry)
  }

  debug(message: string): void {
    this.#write('DEBUG', message)
  }

  info(message: string): void {
    this.#write('INFO', message)
  }

  warning(message: string): void {
    this.#write('WARNING', message)
  }

  error(message: string): void {
    this.#write('ERROR', message)
  }

  #write(severity: Severity, message: string): void {
    const entry = { severity, message: `[${this.#name}] ${message}`, source: this.#source }
    if (this.#sink !== undefined) this.#sink(entry)
    else if (this.#held.length < maxHeld) this.#held.push(entry)
  }
}
