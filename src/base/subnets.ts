import { BlockList, isIP } from 'node:net'

/** Reads an address, or a subnet such as `10.0.0.0/8`. @returns `undefined` for another text */
function parseSubnet(text: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | undefined {
  const [address = '', given, ...rest] = text.split('/')
  const version = isIP(address)
  const longest = version === 6 ? 128 : 32
  const isPrefix = given === undefined || (/^\d{1,3}$/.test(given) && Number(given) <= longest)
  if (version === 0 || !isPrefix || rest.length > 0) return undefined
  return { address, prefix: Number(given ?? longest), family: version === 6 ? 'ipv6' : 'ipv4' }
}

/** True for an address, or for a subnet such as `10.0.0.0/8`. */
export function isSubnet(text: string): boolean {
  return parseSubnet(text) !== undefined
}

/** Takes the brackets of a URL from an IPv6 address: `[::1]` → `::1`. */
export function bareHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

/** A set of IP addresses. */
export class Subnets {
  readonly #list = new BlockList()

  /**
   * @param texts addresses and subnets
   * @throws TypeError for any other text
   */
  constructor(texts: readonly string[]) {
    for (const text of texts) {
      const subnet = parseSubnet(text)
      if (subnet === undefined) throw new TypeError(`'${text}' is no address, and no subnet such as 10.0.0.0/8`)
      this.#list.addSubnet(subnet.address, subnet.prefix, subnet.family)
    }
  }

  /** True for an address of the set; false for other addresses, and for names. */
  has(address: string): boolean {
    const version = isIP(address)
    return version !== 0 && this.#list.check(address, version === 6 ? 'ipv6' : 'ipv4')
  }
}

/** The addresses that lead to the machine itself. */
export const loopback = new Subnets(['127.0.0.0/8', '::1'])
