import { randomUUID } from 'node:crypto'

import { wallClock } from '../base/clock.ts'
import type { FromLeases, LeaseClient } from '../protocol/lease-messages.ts'

interface Waiter {
  readonly client: Omit<LeaseClient, 'since'>
  readonly answer: (message: FromLeases) => void
  /** The client that the waiter was told of. */
  told: LeaseClient | undefined
}

/**
 * The leases of an exporter that listens: one client at a time may use the drivers, with as many connections as it likes. Others
 * wait in the order in which they came. Clients that take no lease, as Python's, may use the drivers while nobody has a lease.
 * At the end of each lease the devices are made safe, before anybody else may use them.
 */
export class ClientLeases {
  readonly #makeSafe: (holder: LeaseClient) => Promise<void>
  /** The devices are being made safe after a lease. */
  #isEnding = false
  readonly #queue: Waiter[] = []
  /** The calls of clients without a lease that are under way. */
  readonly #others = new Set<LeaseClient>()
  #lease: { readonly key: string; readonly holder: LeaseClient; readonly waiter: Waiter } | undefined

  /** @param makeSafe ends the calls of a client whose lease is over, and brings the devices to their safe state */
  constructor(makeSafe: (holder: LeaseClient) => Promise<void> = async () => undefined) {
    this.#makeSafe = makeSafe
  }

  /**
   * Asks for the lease.
   *
   * @param answer is told who has the exporter, each time that this changes, and then that the client has it
   * @returns a function that ends the wait, or the lease; it waits until the devices are safe, and throws if they are not
   */
  take(client: Omit<LeaseClient, 'since'>, answer: (message: FromLeases) => void): () => Promise<void> {
    const waiter: Waiter = { client, answer, told: undefined }
    this.#queue.push(waiter)
    this.#grant()
    return async () => {
      const place = this.#queue.indexOf(waiter)
      if (place >= 0) this.#queue.splice(place, 1)
      try {
        if (this.#lease?.waiter === waiter) await this.#end(this.#lease.holder)
      } finally {
        this.#grant()
      }
    }
  }

  /**
   * Says why a call may not use a driver now.
   *
   * @param key the key of the caller's lease; `undefined` for a client that takes no lease
   * @returns the holder, `over` for a lease that has ended, or `ending` while the devices are made safe after a lease;
   *   `undefined` if the call may go on
   */
  refusalOf(key: string | undefined): LeaseClient | 'over' | 'ending' | undefined {
    if (this.#isEnding && key === undefined) return 'ending'
    if (key === this.#lease?.key) return undefined
    return this.#lease?.holder ?? 'over'
  }

  /** Notes a call of a client without a lease. @returns a function that notes its end */
  beginCall(peer: string): () => void {
    const call = { command: 'a client without a lease', host: peer, since: wallClock() }
    this.#others.add(call)
    return () => {
      if (this.#others.delete(call)) this.#grant()
    }
  }

  async #end(holder: LeaseClient): Promise<void> {
    this.#lease = undefined
    this.#isEnding = true
    try {
      await this.#makeSafe(holder)
    } finally {
      this.#isEnding = false
    }
  }

  #grant(): void {
    const [next] = this.#queue
    const isFree = this.#lease === undefined && !this.#isEnding && this.#others.size === 0
    if (next !== undefined && isFree) {
      this.#queue.shift()
      const key = randomUUID()
      this.#lease = { key, holder: { ...next.client, since: wallClock() }, waiter: next }
      next.answer({ type: 'granted', key })
    }
    const [other] = this.#others
    const user = this.#lease?.holder ?? other
    if (user === undefined) return
    for (const waiter of this.#queue) {
      if (waiter.told === user) continue
      waiter.told = user
      waiter.answer({ type: 'waiting', holder: user })
    }
  }
}
