import { isIP } from 'node:net'

import type { ChannelOptions } from '@grpc/grpc-js'

import { bareHost, isSubnet, loopback, Subnets } from '../../base/subnets.ts'
import type { Address } from '../address.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The variables from which gRPC for Node.js takes a proxy. The first one that is set counts. */
const proxyVariables = ['grpc_proxy', 'https_proxy', 'http_proxy']
/** The variables with the hosts that are reached without a proxy; gRPC reads only the lower-case ones. */
const exceptionVariables = ['no_grpc_proxy', 'no_proxy', 'NO_PROXY']

/**
 * The proxy on the way to an address, and the variable that names it: `10.0.0.1:3128 (https_proxy)`. Unix sockets, hosts of this
 * machine and those of `NO_PROXY` are reached without one.
 */
export function proxyFor(address: Address, environment: Environment = process.env): string | undefined {
  if (address.kind === 'unix' || isLoopback(address.host) || isException(address.host, environment)) return undefined
  const variable = proxyVariables.find((name) => environment[name])
  if (variable === undefined) return undefined
  const text = environment[variable] ?? ''
  // The address without the user's name and password.
  return `${URL.canParse(text) ? new URL(text).host : 'whose address is no URL'} (${variable})`
}

/** The options of a channel: gRPC's own rules take connections to this machine to the proxy, too. */
export function proxyChannelOptions(address: Address): ChannelOptions {
  return proxyFor(address) === undefined ? { 'grpc.enable_http_proxy': 0 } : {}
}

function isLoopback(host: string): boolean {
  const bare = bareHost(host)
  return /^(?:.*\.)?localhost$/i.test(bare) || loopback.has(bare)
}

function isException(host: string, environment: Environment): boolean {
  const bare = bareHost(host).toLowerCase()
  const list = exceptionVariables.map((name) => environment[name]).find(Boolean) ?? ''
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && (entry === '*' || matches(bare, entry)))
}

/** @param entry a host, the end of its name with a dot before it or not, or a range of addresses: `10.0.0.0/8` */
function matches(host: string, entry: string): boolean {
  if (entry.includes('/')) return isSubnet(entry) && new Subnets([entry]).has(host)
  const name = bareHost(isIP(entry) === 6 ? entry : entry.replace(/:\d+$/, '')).replace(/^\*?\./, '')
  return host === name || host.endsWith(`.${name}`)
}
