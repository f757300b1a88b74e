import type { Channel } from '../protocol/channel.ts'

/** What ends the waits that are under way on one exporter when its board has failed. */
export class Waits {
  static readonly #ofChannel = new WeakMap<Channel, Waits>()

  /** Those of an exporter's connection. */
  static of(channel: Channel): Waits {
    let waits = Waits.#ofChannel.get(channel)
    if (waits === undefined) {
      waits = new Waits()
      Waits.#ofChannel.set(channel, waits)
    }
    return waits
  }

  /** Those of a connection, where somebody watches it. */
  static find(channel: Channel): Waits | undefined {
    return Waits.#ofChannel.get(channel)
  }

  #current = new AbortController()

  /** Aborted, with the error as its reason, when what now begins to wait shall fail. */
  get signal(): AbortSignal {
    return this.#current.signal
  }

  /** Fails what waits now. What begins to wait later is not touched. */
  fail(error: Error): void {
    const failed = this.#current
    this.#current = new AbortController()
    failed.abort(error)
  }
}
