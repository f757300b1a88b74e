import type { Reporter } from 'vitest/node'

/** What happened to the hardware in a run, said once more at its end, where it is not lost among the tests. */
export class HardwareReport implements Reporter {
  readonly #print: (line: string) => void
  readonly #started: () => void
  #notes: string[] = []

  /**
   * @param print tells whoever watches the run
   * @param started is called when a run, or in watch mode another one, begins
   */
  constructor(print: (line: string) => void, started: () => void) {
    this.#print = print
    this.#started = started
  }

  onTestRunStart(): void {
    this.#started()
  }

  /** Says something now, and at the end of the run again. */
  note(line: string): void {
    this.#notes.push(line)
    this.#print(line)
  }

  onTestRunEnd(): void {
    const notes = this.#notes
    this.#notes = []
    if (notes.length === 0) return
    this.#print('the hardware in this run:')
    for (const note of notes) this.#print(`  ${note}`)
  }
}
