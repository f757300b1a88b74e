/** The bytes that wait for a UART, and the functions to call when they have been sent. */
export class ByteQueue {
  readonly #waiting: { readonly bytes: Uint8Array; next: number; readonly done: () => void }[] = []

  push(bytes: Uint8Array, done: () => void): void {
    this.#waiting.push({ bytes, next: 0, done })
  }

  /** True if {@link take} has a byte. Calls the functions for what has been sent. */
  get hasNext(): boolean {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (first.next < first.bytes.length) return true
      this.#waiting.shift()
      first.done()
    }
    return false
  }

  /** Takes the next byte; `undefined` if none waits. */
  take(): number | undefined {
    const first = this.hasNext ? this.#waiting[0] : undefined
    return first?.bytes[first.next++]
  }

  /** Drops everything, and calls the functions for it. */
  clear(): void {
    for (const { done } of this.#waiting.splice(0)) done()
  }
}
