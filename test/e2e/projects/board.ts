import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { call, defineInterface, Driver, type Implementation } from 'vitest-hardware'

/** A board that does nothing but say which calls it gets. */
export const Board = defineInterface({
  client: 'test.BoardClient',
  methods: {
    mark: call<(file: string) => void>(),
    where: call<() => string>(),
    hang: call<() => void>(),
    relax: call<() => void>(),
  },
})

interface Config {
  readonly name: string
  /** The time that `reset()` takes, in milliseconds. */
  readonly resetMs?: number
  /** The session does not start. */
  readonly broken?: boolean
  /** The session does not close. */
  readonly stuck?: boolean
}

let sessions = 0

/** The driver of {@link Board}. It writes down its calls in `journal.jsonl`, which the test of the project reads. */
export class BoardDriver extends Driver implements Implementation<typeof Board> {
  static readonly interface = Board
  readonly #config: Config
  #session = ''

  constructor(config: Config) {
    super()
    this.#config = config
  }

  override async reset() {
    if (this.#config.broken === true) throw new Error('no such device: /dev/ttyBOARD')
    this.#session = `${process.pid}.${sessions++}`
    this.#write('start')
    await delay(this.#config.resetMs ?? 0)
  }

  mark(file: string) {
    this.#write('mark', file)
  }

  /** @returns the exporter's process and the number of its session: `4711.0` */
  where() {
    return this.#session
  }

  hang() {
    this.#write('hang')
    return new Promise<void>(() => {})
  }

  relax() {
    this.#write('relax')
  }

  override close() {
    this.#write('end')
    if (this.#config.stuck === true) throw new Error('relay stuck')
  }

  #write(event: string, data?: string): void {
    const entry = { exporter: this.#config.name, session: this.#session, event, data, time: Date.now() }
    appendFileSync('journal.jsonl', `${JSON.stringify(entry)}\n`)
  }
}
