import { appendFileSync } from 'node:fs'
import { MockPower } from 'vitest-hardware/drivers'

/** A power switch that prints a line at each of its calls, as the programs of drivers do, and notes the calls in a journal. */
export class Talker extends MockPower {
  readonly #journal: string

  constructor({ journal }: { readonly journal: string }) {
    super()
    this.#journal = journal
  }

  override on() {
    this.#note('on')
  }

  override off() {
    this.#note('off')
  }

  #note(event: string): void {
    for (let line = 0; line < 10; line++) process.stdout.write(`the board is ${event}\n`)
    process.stderr.write(`the board is ${event}\n`)
    appendFileSync(this.#journal, `${event}\n`)
  }
}
