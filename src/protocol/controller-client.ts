import { Client, Metadata } from '@grpc/grpc-js'

import { grpcTarget, parseAddress } from './address.ts'
import type { ControllerEndpoint } from './controller-messages.ts'
import { GrpcCalls } from './grpc-calls.ts'
import { controllerCredentials, tlsChannelOptions } from './grpc-security.ts'

/** How often a connection is tried that has been lost, and how long at most between, in milliseconds. */
const reconnect = { 'grpc.initial_reconnect_backoff_ms': 200, 'grpc.max_reconnect_backoff_ms': 5_000 }

/**
 * A gRPC client of a controller, with the metadata that say who calls.
 *
 * @throws HardwareError ARGUMENT_INVALID for a certificate that is none
 */
export function createControllerClient(endpoint: ControllerEndpoint, kind: 'Client' | 'Exporter') {
  const address = parseAddress(endpoint.address)
  const metadata = new Metadata()
  metadata.set('jumpstarter-kind', kind)
  metadata.set('jumpstarter-namespace', endpoint.namespace)
  metadata.set('jumpstarter-name', endpoint.name)
  metadata.set('authorization', `Bearer ${endpoint.token}`)
  const client = new Client(grpcTarget(address), controllerCredentials(address, endpoint), {
    ...tlsChannelOptions(address),
    ...reconnect,
    'grpc.use_local_subchannel_pool': 1,
  })
  return { client, calls: new GrpcCalls(client, `the controller (${endpoint.address})`, metadata) }
}
