import type { Reporter } from 'vitest/node'

/** What {@link HardwareReport} tells of the runs. */
export interface RunListener {
  /** A run, or in watch mode another one, begins. */
  started(): void
  /** It ends, as soon as there is nothing more to note. */
  ending(): Promise<void>
}

/** What happened to the hardware in a run, said once more at its end, where it is not lost among the tests. */
export class HardwareReport implements Reporter {
  readonly #print: (line: string) => void
  readonly #listener: RunListener
  #notes: string[] = []

  /** @param print tells whoever watches the run */
  constructor(print: (line: string) => void, listener: RunListener) {
    this.#print = print
    this.#listener = listener
  }

  onTestRunStart(): void {
    this.#listener.started()
  }

  /** Says something now, and at the end of the run again. */
  note(line: string): void {
    this.#notes.push(line)
    this.#print(line)
  }

  async onTestRunEnd(): Promise<void> {
    await this.#listener.ending()
    const notes = this.#notes
    this.#notes = []
    if (notes.length === 0) return
    this.#print('the hardware in this run:')
    for (const note of notes) this.#print(`  ${note}`)
  }
}
