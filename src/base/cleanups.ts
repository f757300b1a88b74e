import { messageOf } from '../errors.ts'
import { withTimeLimit } from './time-limit.ts'

/** Something to clean up. */
interface Cleanup {
  /** The name in the error when the clean-up takes too long: `close of session uno`. */
  readonly name: string
  /** The longest that the clean-up may take, in milliseconds, or `self-limited` if `run` ends in time by itself. */
  readonly limit: number | 'self-limited'
  readonly run: () => unknown
}

/**
 * A list of clean-ups. They run in the reverse of the order in which they were added, each in bounded time, and all of them, also
 * if some fail.
 *
 * @example
 * ```ts
 * const cleanups = new Cleanups()
 * try {
 *   const folder = await createPrivateFolder()
 *   cleanups.add('removal of the folder', () => folder.remove())
 *   …
 * } catch (error) {
 *   await cleanups.runAfter(error)
 * }
 * ```
 */
export class Cleanups implements AsyncDisposable {
  readonly #cleanups: Cleanup[] = []

  /**
   * Adds a clean-up.
   *
   * @param name the name in the error when the clean-up takes too long
   * @param run does the clean-up
   * @param limit the longest that it may take, in milliseconds (default 10 s), or `self-limited` if `run` ends in time by itself
   */
  add(name: string, run: () => unknown, limit: Cleanup['limit'] = 10_000): void {
    this.#cleanups.push({ name, run, limit })
  }

  /**
   * Runs all clean-ups that were added since the last call.
   *
   * @throws the error if one clean-up failed, and an AggregateError with all errors if several failed
   */
  async run(): Promise<void> {
    throwAll(await this.#runAll())
  }

  /**
   * Runs all clean-ups after a failure.
   *
   * @param error the failure
   * @throws the failure if every clean-up succeeds, else an AggregateError that begins with the failure
   */
  async runAfter(error: unknown): Promise<never> {
    throwAll([error, ...(await this.#runAll())])
    throw error
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run()
  }

  async #runAll(): Promise<unknown[]> {
    const errors: unknown[] = []
    for (let next = this.#cleanups.pop(); next !== undefined; next = this.#cleanups.pop()) {
      const { name, run, limit } = next
      try {
        await (limit === 'self-limited' ? run() : withTimeLimit({ name, timeoutMs: limit }, async () => run()))
      } catch (error) {
        errors.push(error)
      }
    }
    return errors
  }
}

/**
 * Throws errors as one. An error that comes twice counts once.
 *
 * @throws the error if there is one, and an AggregateError with all messages if there are several
 */
export function throwAll(errors: readonly unknown[]): void {
  const different = [...new Set(errors)]
  if (different.length === 1) throw different[0]
  if (different.length > 1) throw new AggregateError(different, different.map(messageOf).join('; '))
}
