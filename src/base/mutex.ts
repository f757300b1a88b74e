import { untilAborted } from './abort.ts'

/** Runs tasks one after another, in the order of the calls. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve()

  /**
   * Waits until all earlier tasks have ended or failed, and runs this one.
   *
   * @param options.signal ends the wait for the earlier tasks; it does not end a task that has begun
   * @throws the signal's reason, or the error of the task
   */
  async run<T>(task: () => T | Promise<T>, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<T> {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const before = this.#last
    this.#last = before.then(() => ended)
    try {
      await untilAborted(before, signal)
      return await task()
    } finally {
      end()
    }
  }
}
