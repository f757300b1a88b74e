import { appendFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { call, defineInterface, Driver, type Implementation } from '../../../src/index.ts'

/** The interface of {@link LocalBoard}. */
const LocalBoardInterface = defineInterface({
  client: 'test.BoardClient',
  methods: {
    relax: call<() => void>(),
    block: call<() => void>(),
    leave: call<(how: 'forget' | 'throw' | 'exit') => void>(),
    hang: call<() => void>(),
  },
  safe: 'relax',
})

/** A driver that writes down its events. The files `wait-EVENT` and `fail-EVENT` hold it up, and make it fail. */
export class LocalBoard extends Driver implements Implementation<typeof LocalBoardInterface> {
  static readonly interface = LocalBoardInterface
  readonly #folder: string

  constructor({ folder }: { readonly folder: string }) {
    super()
    this.#folder = folder
  }

  override reset() {
    return this.#note('start')
  }

  relax() {
    return this.#note('relax')
  }

  block() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  }

  /** Fails after the call has ended: a promise that nobody awaits, a timer that throws, the exit of the process. */
  leave(how: 'forget' | 'throw' | 'exit') {
    if (how === 'forget') setTimeout(() => void Promise.reject(new Error('lost a promise')), 1)
    else if (how === 'throw') setTimeout(throwLater, 1)
    else setTimeout(() => process.exit(7), 1)
  }

  hang() {
    return new Promise<void>(() => {})
  }

  override close() {
    return this.#note('end')
  }

  async #note(event: string): Promise<void> {
    appendFileSync(join(this.#folder, 'journal'), `${process.pid} ${event}\n`)
    while (existsSync(join(this.#folder, `wait-${event}`))) await delay(5)
    if (existsSync(join(this.#folder, `fail-${event}`))) throw new Error('relay stuck')
  }
}

function throwLater(): void {
  throw new Error('lost a timer')
}
