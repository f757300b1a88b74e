import { lookup as resolveName, type LookupAddress, type LookupAllOptions } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'

import { bareHost, Subnets } from '../base/subnets.ts'
import { HardwareError } from '../errors.ts'

/**
 * The addresses that mean the machine itself, its link, or the metadata service of a cloud, which gives credentials to all who ask
 * from this machine. Sources: the special-purpose registries of IANA (RFC 6890), and the pages of AWS, Azure, Alibaba and Oracle on
 * their metadata services.
 */
const guarded = new Subnets([
  ...['127.0.0.0/8', '0.0.0.0/8', '169.254.0.0/16', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
  ...['fe80::/10', 'fd00:ec2::254'],
  // Loopback, and the forms of IPv4 addresses in IPv6: compatible ones, and those of NAT64 (RFC 6052).
  ...['::/96', '64:ff9b::7f00:0/104', '64:ff9b::a9fe:0/112'],
])

/** Keeps the requests that an exporter makes for its clients away from its own machine, its link, and metadata services of clouds. */
export class AddressGuard {
  readonly #allowed: Subnets

  /** @param allowed the addresses and subnets that requests may go to nevertheless */
  constructor(allowed: readonly string[]) {
    this.#allowed = new Subnets(allowed)
  }

  /** Checks the host of a URL if it is an address. @throws HardwareError ARGUMENT_INVALID for a guarded address */
  checkHost(host: string): void {
    const address = bareHost(host)
    if (isIP(address) !== 0) this.#check(address, address)
  }

  /** Resolves a name for a socket. It checks the addresses to which the socket connects, so that a name cannot change in between. */
  readonly lookup: LookupFunction = (host, options, done) => {
    const all: LookupAllOptions = { family: options.family ?? 0, hints: options.hints ?? 0, all: true }
    resolveName(host, all, (error, addresses) => {
      if (error !== null) {
        done(error, [])
        return
      }
      try {
        for (const { address } of addresses) this.#check(address, host)
      } catch (refusal) {
        done(refusal as NodeJS.ErrnoException, [])
        return
      }
      const [first] = addresses as [LookupAddress, ...LookupAddress[]]
      if (options.all === true) done(null, addresses)
      else done(null, first.address, first.family)
    })
  }

  #check(address: string, host: string): void {
    if (!guarded.has(address) || this.#allowed.has(address)) return
    const who = host === address ? address : `${host} (${address})`
    throw new HardwareError(
      'ARGUMENT_INVALID',
      `${who} is an address of the exporter's machine, of its link, or of a metadata service; ` +
        `to allow it, write presignedAddresses: ['${address}'] into the exporter's file`,
      { details: { address } },
    )
  }
}
