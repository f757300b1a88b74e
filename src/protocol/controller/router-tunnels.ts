import type { Duplex } from 'node:stream'

import { create } from '@bufbuild/protobuf'
import { type Client, Metadata, type ServiceError } from '@grpc/grpc-js'

import { pause } from '../../base/pause.ts'
import { HardwareError } from '../../errors.ts'
import { createControllerClient, type ControllerSecurity } from './controller-client.ts'
import type { TunnelEndpoint } from './controller-messages.ts'
import { setMetadata } from '../grpc/metadata.ts'
import { FrameType, StreamRequestSchema } from '../generated/jumpstarter/v1/router_pb.ts'
import { RouterStream } from '../router-stream.ts'
import { routerService } from '../services.ts'

/** The longest wait until the last frame of a tunnel has been sent, in milliseconds. */
const drainTimeoutMs = 1_000

/** The connections of a process to its routers. All tunnels through one router share one connection. */
export class RouterTunnels {
  readonly #security: ControllerSecurity
  readonly #clients = new Map<string, Client>()
  readonly #open = new Set<Duplex>()

  constructor(security: ControllerSecurity) {
    this.#security = security
  }

  /**
   * Opens this end of a tunnel. It may be written to at once, because the router sends nothing until the other end writes.
   *
   * @throws HardwareError ARGUMENT_INVALID when the token cannot be sent
   */
  open({ endpoint, token }: TunnelEndpoint): Duplex {
    const metadata = new Metadata()
    setMetadata(metadata, 'authorization', `Bearer ${token}`)
    const { path, requestSerialize, responseDeserialize } = routerService.stream
    const call = this.#client(endpoint).makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata)
    let lastFrame: Promise<void> | undefined
    const stream = new RouterStream(call, {
      halfCloseDelayMs: 0,
      write: (frame) => {
        const message = create(StreamRequestSchema, frame)
        if (frame.frameType !== FrameType.GOAWAY) return call.write(message)
        lastFrame = new Promise((resolve) => call.write(message, () => resolve()))
        return true
      },
      // The router does not tell the other end, and frames from there may still come.
      finished: () => undefined,
      closed: () => {
        // A call that is cancelled at once loses the last frame.
        const cancel = () => call.cancel()
        if (lastFrame === undefined) cancel()
        else void Promise.race([lastFrame, pause(drainTimeoutMs, { ref: false })]).then(cancel)
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

  /** Ends all tunnels, also those that are not open at their other end. */
  close(): void {
    for (const stream of this.#open) stream.destroy()
    for (const client of this.#clients.values()) client.close()
  }

  #client(endpoint: string): Client {
    const known = this.#clients.get(endpoint)
    if (known !== undefined) return known
    const client = createControllerClient(endpoint, this.#security)
    this.#clients.set(endpoint, client)
    return client
  }
}
