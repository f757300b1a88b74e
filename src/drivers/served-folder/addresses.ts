import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'

import { HardwareError, messageOf } from '../../errors.ts'

/** The address of a server. */
export interface ServerAddress {
  /** The address to listen on. */
  readonly address: string
  readonly family: 4 | 6
  /** The address, or the name, at which boards reach the server. */
  readonly host: string
}

/** An address that is behind every gateway (blackhole-1.iana.org, RFC 7535). Nothing is sent there. */
const farAway = '192.175.48.1'

/** The addresses that stand for all addresses of a machine. */
const unspecified: ReadonlySet<string> = new Set(['0.0.0.0', '::', '::0', '0:0:0:0:0:0:0:0'])

/**
 * Finds the address for the `host` of a server's config.
 *
 * @throws HardwareError EXPORTER_CONFIG_INVALID for an unknown name
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

/** Finds the address at which other machines probably reach this one. */
async function reachableAddress(): Promise<string> {
  const socket = createSocket('udp4')
  try {
    socket.connect(53, farAway)
    await once(socket, 'connect')
    return socket.address().address
  } catch {
    // No route to a gateway: this is an isolated network.
    const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
    const outside = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    const chosen = outside.find(({ family }) => family === 'IPv4') ?? outside[0]
    return chosen?.address ?? '127.0.0.1'
  } finally {
    socket.close()
  }
}
