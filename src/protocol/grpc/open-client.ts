import { type ChannelCredentials, type ChannelOptions, Client } from '@grpc/grpc-js'

import { type Address, formatAddress, grpcTarget } from '../address.ts'
import type { Peer } from '../call-error.ts'
import { tlsChannelOptions } from './grpc-security.ts'
import { proxyChannelOptions, proxyFor } from './proxy.ts'

/** Makes a gRPC client, with the options for TLS and proxies that every connection has. */
export function openClient(address: Address, credentials: ChannelCredentials, options: ChannelOptions): Client {
  return new Client(grpcTarget(address), credentials, {
    ...tlsChannelOptions(address),
    ...proxyChannelOptions(address),
    ...options,
    'grpc.use_local_subchannel_pool': 1,
  })
}

/** The names of an exporter. */
export interface PeerNames {
  /** The exporter's name, which errors show beside its address. */
  readonly name?: string | undefined
  /** The name that the user gave the exporter, for the details of errors. */
  readonly role?: string | undefined
}

/** Describes an exporter for errors. */
export function peerOf(address: Address, { name, role }: PeerNames): Peer {
  const shown = formatAddress(address)
  return {
    address: name === undefined ? shown : `exporter ${name} (${shown})`,
    details: { exporter: name, role, address: shown },
    proxy: proxyFor(address),
  }
}
