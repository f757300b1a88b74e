import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

import { create } from '@bufbuild/protobuf'
import { type Client, Metadata, type ServiceError } from '@grpc/grpc-js'

import { HardwareError } from '../errors.ts'
import { createFleetClient, type FleetSecurity } from './controller-client.ts'
import type { TunnelEndpoint } from './controller-messages.ts'
import { FrameType, StreamRequestSchema } from './generated/jumpstarter/v1/router_pb.ts'
import { RouterStream } from './router-stream.ts'
import { routerService } from './services.ts'

/** How long the last frame of a tunnel may take to be sent, in milliseconds. */
const goodbyeMs = 1_000

/** The connections of a process to its routers, one for each, that all its tunnels share. */
export class RouterTunnels {
  readonly #security: FleetSecurity
  readonly #clients = new Map<string, Client>()
  readonly #open = new Set<Duplex>()

  constructor(security: FleetSecurity) {
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
    let goodbye: Promise<void> | undefined
    const stream = new RouterStream(call, {
      halfCloseDelayMs: 0,
      write: (frame) => {
        const message = create(StreamRequestSchema, frame)
        if (frame.frameType !== FrameType.GOAWAY) return call.write(message)
        goodbye = new Promise((resolve) => call.write(message, () => resolve()))
        return true
      },
      // The router does not tell the other end, and frames from there may still come.
      finished: () => undefined,
      closed: () => {
        // What is cancelled at once takes the last frame with it.
        const cancel = () => call.cancel()
        if (goodbye === undefined) cancel()
        else void Promise.race([goodbye, delay(goodbyeMs, undefined, { ref: false })]).then(cancel)
      },
    })
    this.#open.add(stream)
    stream.once('close', () => this.#open.delete(stream))
    call.once('status', () => stream.endCall())
    call.on('error', (failure: ServiceError) => {
      // A router ends both sides when the other one has gone, after its last frame.
      if (stream.inputEnded) return
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
    const client = createFleetClient(endpoint, this.#security)
    this.#clients.set(endpoint, client)
    return client
  }
}
