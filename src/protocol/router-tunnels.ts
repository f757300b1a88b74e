import type { Duplex } from 'node:stream'

import { create } from '@bufbuild/protobuf'
import { type Client, Metadata, type ServiceError } from '@grpc/grpc-js'

import { HardwareError } from '../errors.ts'
import { createFleetClient } from './controller-client.ts'
import type { ControllerEndpoint, TunnelEndpoint } from './controller-messages.ts'
import { StreamRequestSchema } from './generated/jumpstarter/v1/router_pb.ts'
import { RouterStream } from './router-stream.ts'
import { routerService } from './services.ts'

/** With which the router is asked whether it is still there; it allows one a second. In milliseconds. */
const keepalive = { 'grpc.keepalive_time_ms': 20_000, 'grpc.keepalive_timeout_ms': 20_000 }

/** The connections of a process to its routers, one for each, that all its tunnels share. */
export class RouterTunnels {
  readonly #security: Pick<ControllerEndpoint, 'ca' | 'insecure'>
  readonly #clients = new Map<string, Client>()
  readonly #open = new Set<Duplex>()

  constructor(security: Pick<ControllerEndpoint, 'ca' | 'insecure'>) {
    this.#security = security
  }

  /**
   * Opens our end of a tunnel. The router says nothing until the other end writes, so that this one may be written to at
   * once.
   */
  open({ endpoint, token }: TunnelEndpoint): Duplex {
    const metadata = new Metadata()
    metadata.set('authorization', `Bearer ${token}`)
    const { path, requestSerialize, responseDeserialize } = routerService.stream
    const call = this.#client(endpoint).makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata)
    const stream = new RouterStream(call, {
      halfCloseDelayMs: 0,
      write: (frame) => call.write(create(StreamRequestSchema, frame)),
      // The router does not tell the other end, and frames from there may still come.
      finished: () => undefined,
      closed: () => call.cancel(),
    })
    this.#open.add(stream)
    stream.once('close', () => this.#open.delete(stream))
    call.once('status', () => stream.endCall())
    call.on('error', (failure: ServiceError) => {
      const message = `The tunnel through the router (${endpoint}) broke: ${failure.details}`
      stream.destroy(new HardwareError('CONNECTION_LOST', message, { cause: failure }))
    })
    return stream
  }

  /** Ends all tunnels, also those whose other end nobody has opened. */
  close(): void {
    for (const stream of this.#open) stream.destroy()
    for (const client of this.#clients.values()) client.close()
  }

  #client(endpoint: string): Client {
    const known = this.#clients.get(endpoint)
    if (known !== undefined) return known
    const client = createFleetClient(endpoint, this.#security, keepalive)
    this.#clients.set(endpoint, client)
    return client
  }
}
