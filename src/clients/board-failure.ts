/** The failure of the board behind an exporter's connection. A console reports the failure, and it ends the waits of all clients. */
export class BoardFailure {
  readonly #noted: (error: Error) => void
  #current: AbortController | undefined

  /** @param noted called with each failure */
  constructor(noted: (error: Error) => void = () => undefined) {
    this.#noted = noted
  }

  /** Makes a signal for the waits from now on. A connection without a console needs none, and its calls take less time so. */
  watch(): void {
    this.#current ??= new AbortController()
  }

  /** Aborted, with the error as its reason, when the board fails; `undefined` if no console watches the board. */
  get signal(): AbortSignal | undefined {
    return this.#current?.signal
  }

  /** Ends the waits of this moment. Later waits are not affected. */
  report(error: Error): void {
    this.#noted(error)
    const failed = this.#current
    this.#current = new AbortController()
    failed?.abort(error)
  }
}
