/** The bytes that a loader has got and not yet read, with reads that wait until there are enough. */
export class CommandQueue {
  #bytes: Buffer = Buffer.alloc(0)
  #wanted: { readonly count: number; readonly resolve: (bytes: Buffer) => void } | undefined

  push(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    this.#give()
  }

  /** Waits for a number of bytes. */
  read(count: number): Promise<Buffer> {
    const { promise, resolve } = Promise.withResolvers<Buffer>()
    this.#wanted = { count, resolve }
    this.#give()
    return promise
  }

  /** True if these bytes are the next ones. */
  startsWith(bytes: Uint8Array): boolean {
    return this.#bytes.subarray(0, bytes.length).equals(bytes)
  }

  #give(): void {
    const wanted = this.#wanted
    if (wanted === undefined || this.#bytes.length < wanted.count) return
    this.#wanted = undefined
    const bytes = this.#bytes.subarray(0, wanted.count)
    this.#bytes = this.#bytes.subarray(wanted.count)
    wanted.resolve(bytes)
  }
}
