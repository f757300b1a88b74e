import { existsSync, rmSync } from 'node:fs'
import { BoardDriver } from '#board'

interface FlakyConfig {
  readonly name: string
  /** The next reset works. */
  readonly once: boolean
}

/** The driver of a board that does not open while there is a file for it, `broken-NAME`. */
export class Flaky extends BoardDriver {
  readonly #flaky: FlakyConfig

  constructor(config: FlakyConfig) {
    super(config)
    this.#flaky = config
  }

  override async reset() {
    const { name, once } = this.#flaky
    const file = `broken-${name}`
    if (existsSync(file)) {
      if (once) rmSync(file)
      throw new Error('no answer from the board')
    }
    await super.reset()
  }
}
