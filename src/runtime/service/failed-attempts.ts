import { now } from '../../base/clock.ts'

/** The number of wrong passphrases that an address may send at once, enough for each kind of call of a client with a wrong one. */
const burst = 20
/** The time after which an address may send one more, in milliseconds. */
const refillMs = 1_000
/** The number of addresses, and of connections, that are remembered. The oldest ones are forgotten first. */
const capacity = 1_024

interface Attempts {
  /** The number of wrong passphrases that the address may still send. */
  left: number
  /** The time of the last change of `left`, in milliseconds. */
  at: number
  /** The number of calls that were refused without a look at their passphrase since the last wrong one. */
  skipped: number
}

/**
 * Slows down addresses that guess passphrases: each may send 20 wrong ones, then one in a second. All guests of one IPv6 network
 * (/64) count as one address, because one machine can have all of its addresses. Connections that have sent the right passphrase are
 * never slowed down, so that a guesser does not end the work of others behind the same address.
 */
export class FailedAttempts {
  readonly #attempts = new Map<string, Attempts>()
  readonly #trusted = new Set<string>()

  /** True if the passphrase of this peer may be looked at. @param peer `address:port` of the connection */
  mayTry(peer: string): boolean {
    if (this.#trusted.has(peer)) return true
    const attempts = this.#attempts.get(networkOf(peer))
    if (attempts === undefined) return true
    refill(attempts)
    if (attempts.left >= 1) return true
    attempts.skipped++
    return false
  }

  /** Notes a right passphrase. */
  succeeded(peer: string): void {
    this.#trusted.delete(peer)
    this.#trusted.add(peer)
    dropOldest(this.#trusted)
  }

  /** Notes a wrong passphrase. @returns the number of calls that were refused without a look since the last one */
  failed(peer: string): number {
    const network = networkOf(peer)
    const attempts = this.#attempts.get(network) ?? { left: burst, at: now(), skipped: 0 }
    refill(attempts)
    this.#attempts.delete(network)
    this.#attempts.set(network, attempts)
    dropOldest(this.#attempts)
    const { skipped } = attempts
    attempts.left = Math.max(0, attempts.left - 1)
    attempts.skipped = 0
    return skipped
  }
}

function refill(attempts: Attempts): void {
  const time = now()
  attempts.left = Math.min(burst, attempts.left + (time - attempts.at) / refillMs)
  attempts.at = time
}

function dropOldest(entries: Map<string, unknown> | Set<string>): void {
  if (entries.size <= capacity) return
  for (const oldest of entries.keys()) {
    entries.delete(oldest)
    return
  }
}

/** The IPv4 address, or the IPv6 network, of a peer. */
function networkOf(peer: string): string {
  const address = peer.replace(/:\d+$/, '')
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!address.includes(':')) return address
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean))
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0')
  return [...head, ...zeros, ...tail].slice(0, 4).join(':')
}
