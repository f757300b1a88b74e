import { brand } from './brand.ts'

/** One mistake of a config, or of other options. As a text it is a sentence: `power.port is missing; it has to be a number`. */
export class Mistake {
  /** The keys on the way to the wrong value; none for a mistake of the whole. */
  readonly path: readonly string[]
  /** The end of a sentence that begins with the place: `is missing; it has to be a number`. */
  readonly text: string

  constructor(path: readonly string[], text: string) {
    this.path = path
    this.text = text
  }

  toString(): string {
    return this.path.length === 0 ? this.text : `${this.path.join('.')} ${this.text}`
  }
}

/** The error of a config with mistakes. Its message has all of them. */
export class ConfigError extends TypeError {
  static {
    brand(this, 'ConfigError')
  }
  // The message has them; a dump of the error would repeat them.
  readonly #mistakes: readonly Mistake[]

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.join('; '))
    this.#mistakes = mistakes
  }

  get mistakes(): readonly Mistake[] {
    return this.#mistakes
  }
}
