import type { LogEntry, Severity } from '../protocol/exporter.ts'

/** The number of lines that a logger keeps until it is connected. */
const maxHeld = 256

/** The levels of Python's loggers, with the least severity that they let pass. */
const levels: ReadonlyMap<string, number> = new Map([
  ['NOTSET', 0],
  ['DEBUG', 0],
  ['INFO', 1],
  ['WARNING', 2],
  ['ERROR', 3],
  ['CRITICAL', 4],
])

/** True for a name of a level of Python's loggers. */
export function isLogLevel(name: string): boolean {
  return levels.has(name.toUpperCase())
}

/** Writes to the exporter's log, which clients can read. */
export class Logger {
  readonly #name: string
  readonly #source: LogEntry['source']
  #level = 0
  #held: LogEntry[] = []
  #sink: ((entry: LogEntry) => void) | undefined

  /** @param name the name in front of every line */
  constructor(name: string, source: LogEntry['source'] = 'DRIVER') {
    this.#name = name
    this.#source = source
  }

  /** Sends all lines to `sink`; first the lines that were written before this call. */
  connect(sink: (entry: LogEntry) => void): void {
    this.#sink = sink
    const held = this.#held
    this.#held = []
    for (const entry of held) sink(entry)
  }

  /** Drops the lines below a level: `WARNING` drops those of `debug` and `info`. */
  setLevel(name: string): void {
    this.#level = levels.get(name.toUpperCase()) ?? 0
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

  /** The same as {@link Logger.warning}, by the name that `console` has for it. */
  warn(message: string): void {
    this.warning(message)
  }

  error(message: string): void {
    this.#write('ERROR', message)
  }

  #write(severity: Severity, message: string): void {
    if ((levels.get(severity) ?? 0) < this.#level) return
    const entry = { severity, message: `[${this.#name}] ${message}`, source: this.#source }
    if (this.#sink !== undefined) this.#sink(entry)
    else if (this.#held.length < maxHeld) this.#held.push(entry)
  }
}
