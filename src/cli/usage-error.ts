/** The command line was used in a way that cannot work. */
export class UsageError extends Error {
  override readonly name = 'UsageError'

  /** @param mistakes all mistakes, a line each */
  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n       '))
  }
}
