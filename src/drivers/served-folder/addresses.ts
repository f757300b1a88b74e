import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

import { HardwareError, messageOf } from '../../errors.ts'

/** Where a server is, and what boards are told of it. */
export interface ServerAddress {
  /** What to listen on. */
  readonly address: string
  readonly family: 4 | 6
  /** What boards reach it by. */
  readonly host: string
}

/** An address beyond every gateway (blackhole-1.iana.org, RFC 7535). Nothing is sent there. */
const farAway = '192.175.48.1'

/** What stands for all addresses of a machine. */
const unspecified: ReadonlySet<string> = new Set(['0.0.0.0', '::', '::0', '0:0:0:0:0:0:0:0'])

/**
 * What the `host` of a server's config means on this machine.
 *
 * @throws HardwareError EXPORTER_CONFIG_INVALID for a name that nobody knows
 */
export async function resolveHost(host: string): Promise<ServerAddress> {
  const reachable = host === '' || unspecified.has(host) ? await reachableAddress() : host
  const listenOn = host === '' ? reachable : host
  try {
    const { address, family } = await lookup(listenOn)
    return { address, family: family === 6 ? 6 : 4, host: reachable }
  } catch (cause) {
    throw new HardwareError('EXPORTER_CONFIG_INVALID', `host ${host}: ${messageOf(cause)}`, { cause })
  }
}

/** A host as it stands in a URL. */
export function urlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host
}

/** The address of this machine that others know it by, as far as the machine can tell. */
async function reachableAddress(): Promise<string> {
  const socket = createSocket('udp4')
  try {
    socket.connect(53, farAway)
    await once(socket, 'connect')
    return socket.address().address
  } catch {
    // No way to a gateway: a lab of its own.
    const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
    const outside = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    const chosen = outside.find(({ family }) => family === 'IPv4') ?? outside[0]
    return chosen?.address ?? '127.0.0.1'
  } finally {
    socket.close()
  }
}
