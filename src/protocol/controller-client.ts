import { type ChannelOptions, Client, Metadata, type MethodDefinition } from '@grpc/grpc-js'

import { grpcTarget, parseAddress } from './address.ts'
import type { WaitOptions } from './channel.ts'
import { controllerError } from './controller-error.ts'
import type { ControllerEndpoint } from './controller-messages.ts'
import { GrpcCalls } from './grpc-calls.ts'
import { controllerCredentials, tlsChannelOptions } from './grpc-security.ts'

/**
 * With which controllers and routers are asked whether they are still there, as long as something is open; they allow one a
 * second. In milliseconds.
 */
const keepalive = { 'grpc.keepalive_time_ms': 20_000, 'grpc.keepalive_timeout_ms': 20_000 }
/** How often a connection is tried that has been lost, and how long at most between, in milliseconds. */
const reconnect = { 'grpc.initial_reconnect_backoff_ms': 200, 'grpc.max_reconnect_backoff_ms': 5_000 }

/** What protects, and tunes, the connections to a controller and its router. */
export type FleetSecurity = Pick<ControllerEndpoint, 'ca' | 'insecure' | 'grpcOptions'>

/**
 * A gRPC client of a controller, or of a router, which belong together and are trusted alike.
 *
 * @param address `host:port`
 * @throws HardwareError ARGUMENT_INVALID for a certificate that is none
 */
export function createFleetClient(address: string, security: FleetSecurity, options: ChannelOptions = {}): Client {
  const parsed = parseAddress(address)
  return new Client(grpcTarget(parsed), controllerCredentials(parsed, security), {
    ...tlsChannelOptions(parsed),
    ...keepalive,
    ...options,
    ...security.grpcOptions,
    'grpc.use_local_subchannel_pool': 1,
  })
}

/** Calls of one caller to a controller, with errors that say what that refuses. */
export class ControllerClient {
  readonly #client: Client
  readonly #calls: GrpcCalls
  readonly #answerTimeoutMs: number

  /**
   * @param answerTimeoutMs how long one answer may take unless an option says otherwise
   * @throws HardwareError ARGUMENT_INVALID for a certificate that is none
   */
  constructor(endpoint: ControllerEndpoint, kind: 'Client' | 'Exporter', answerTimeoutMs: number) {
    const metadata = new Metadata()
    metadata.set('jumpstarter-kind', kind)
    metadata.set('jumpstarter-namespace', endpoint.namespace)
    metadata.set('jumpstarter-name', endpoint.name)
    metadata.set('authorization', `Bearer ${endpoint.token}`)
    this.#client = createFleetClient(endpoint.address, endpoint, reconnect)
    this.#calls = new GrpcCalls(this.#client, `the controller (${endpoint.address})`, metadata)
    this.#answerTimeoutMs = answerTimeoutMs
  }

  /** A call with one answer; see {@link GrpcCalls.unary}. */
  async send<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    label: string,
    options: WaitOptions = {},
  ): Promise<Response> {
    try {
      return await this.#calls.unary(method, request, label, { timeoutMs: this.#answerTimeoutMs, ...options })
    } catch (error) {
      throw controllerError(error)
    }
  }

  /** A call with many answers, which has no limit; see {@link GrpcCalls.serverStream}. */
  async *stream<Request, Response, Value>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    label: string,
    signal: AbortSignal,
    read: (response: Response) => Value,
  ): AsyncGenerator<Value, void, void> {
    try {
      yield* this.#calls.serverStream(method, request, label, { signal }, read)
    } catch (error) {
      throw controllerError(error)
    }
  }

  close(): void {
    this.#calls.close()
    this.#client.close()
  }
}
