import { type ChannelOptions, type Client, Metadata, type MethodDefinition } from '@grpc/grpc-js'

import { parseAddress } from '../address.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { controllerError } from './controller-error.ts'
import type { ControllerEndpoint } from './controller-messages.ts'
import { GrpcCalls } from '../grpc/grpc-calls.ts'
import { openClient } from '../grpc/open-client.ts'
import { proxyFor } from '../grpc/proxy.ts'
import { setMetadata } from '../grpc/metadata.ts'
import { controllerCredentials } from '../grpc/grpc-security.ts'

/** The pings to controllers and routers while something is open, in milliseconds. They allow one ping a second. */
const keepalive = { 'grpc.keepalive_time_ms': 20_000, 'grpc.keepalive_timeout_ms': 20_000 }
/** The first and the longest wait before a lost connection is tried again, in milliseconds. */
const reconnect = { 'grpc.initial_reconnect_backoff_ms': 200, 'grpc.max_reconnect_backoff_ms': 5_000 }

/** The protection and the options of the connections to a controller and its router. */
export type ControllerSecurity = Pick<ControllerEndpoint, 'ca' | 'insecure' | 'grpcOptions'>

/**
 * Makes a gRPC client of a controller, or of one of its routers, which has the same certificates.
 *
 * @param address `host:port`
 * @throws HardwareError ARGUMENT_INVALID for a wrong certificate
 */
export function createControllerClient(
  address: string,
  security: ControllerSecurity,
  options: ChannelOptions = {},
): Client {
  const parsed = parseAddress(address)
  const all = { ...keepalive, ...options, ...security.grpcOptions }
  return openClient(parsed, controllerCredentials(parsed, security), all)
}

/** Makes the calls of a client or an exporter to a controller, with errors that explain refusals. */
export class ControllerClient {
  readonly #client: Client
  readonly #calls: GrpcCalls
  readonly #answerTimeoutMs: number

  /**
   * @param answerTimeoutMs the default time limit of one answer
   * @throws HardwareError ARGUMENT_INVALID for a wrong certificate, and for a name or a token that cannot be sent
   */
  constructor(endpoint: ControllerEndpoint, kind: 'Client' | 'Exporter', answerTimeoutMs: number) {
    const metadata = new Metadata()
    metadata.set('jumpstarter-kind', kind)
    setMetadata(metadata, 'jumpstarter-namespace', endpoint.namespace)
    setMetadata(metadata, 'jumpstarter-name', endpoint.name)
    setMetadata(metadata, 'authorization', `Bearer ${endpoint.token}`)
    this.#client = createControllerClient(endpoint.address, endpoint, reconnect)
    this.#calls = new GrpcCalls(
      this.#client,
      {
        address: `the controller (${endpoint.address})`,
        details: {},
        proxy: proxyFor(parseAddress(endpoint.address)),
      },
      metadata,
    )
    this.#answerTimeoutMs = answerTimeoutMs
  }

  /** Makes a call with one answer; see {@link GrpcCalls.unary}. */
  async send<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    label: string,
    options: WaitOptions = {},
  ): Promise<Response> {
    try {
      return await this.#calls.unary(method, request, { label }, { timeoutMs: this.#answerTimeoutMs, ...options })
    } catch (error) {
      throw controllerError(error)
    }
  }

  /** Makes a call with many answers and without a time limit; see {@link GrpcCalls.serverStream}. */
  async *stream<Request, Response, Value>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    label: string,
    signal: AbortSignal,
    read: (response: Response) => Value,
  ): AsyncGenerator<Value, void, void> {
    try {
      yield* this.#calls.serverStream(method, request, { label }, { signal }, read)
    } catch (error) {
      throw controllerError(error)
    }
  }

  close(): void {
    this.#calls.close()
    this.#client.close()
  }
}
