import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type handleBidiStreamingCall, type ServerDuplexStream, status as Status } from '@grpc/grpc-js'

import type { StreamRequest, StreamResponse } from '../../../src/protocol/generated/jumpstarter/v1/router_pb.ts'
import { bearerToken, failure } from './authenticate.ts'
import { Tokens } from './tokens.ts'

/** How long a token is good for to open a stream, in milliseconds. */
const tokenLifetimeMs = 30 * 60_000

type RouterCall = ServerDuplexStream<StreamRequest, StreamResponse>

/**
 * Pairs the first two streams that have the same token, and copies their frames as they are. The end of one side is not
 * told to the other; that it was cancelled the other learns when it writes.
 */
export class Router {
  readonly #tokens = new Tokens()
  /** The streams that wait, by the subjects of their tokens. */
  readonly #waiting = new Map<string, RouterCall>()
  readonly #calls = new Set<RouterCall>()
  #isDown = false
  /** How often somebody has dialled. */
  dials = 0

  /** A token for the two ends of a tunnel; it says nothing to them. */
  createToken(): string {
    this.dials++
    return this.#tokens.create(randomUUID(), tokenLifetimeMs)
  }

  readonly stream: handleBidiStreamingCall<StreamRequest, StreamResponse> = (call) => {
    call.on('error', () => undefined)
    let subject: string
    if (this.#isDown) {
      call.emit('error', failure(Status.UNAVAILABLE, 'the router is not there'))
      return
    }
    try {
      subject = this.#tokens.check(bearerToken(call.metadata) ?? '')
    } catch (error) {
      call.emit('error', failure(Status.UNAUTHENTICATED, (error as Error).message))
      return
    }
    this.#calls.add(call)
    call.once('close', () => this.#calls.delete(call))
    const peer = this.#waiting.get(subject)
    if (peer === undefined || peer.cancelled) {
      this.#waiting.set(subject, call)
      return
    }
    this.#waiting.delete(subject)
    copy(call, peer)
    copy(peer, call)
  }

  /** Breaks all tunnels, as a router that goes away. */
  cut(): void {
    for (const call of this.#calls) call.emit('error', failure(Status.UNAVAILABLE, 'the router is going away'))
  }

  /** Breaks all tunnels, and opens no others for a while. */
  async goDown(ms: number): Promise<void> {
    this.#isDown = true
    this.cut()
    await delay(ms)
    this.#isDown = false
  }

  get tunnels(): number {
    return this.#calls.size
  }
}

function copy(from: RouterCall, to: RouterCall): void {
  from.on('data', ({ payload, frameType }: StreamRequest) => {
    if (to.cancelled || to.destroyed) {
      from.emit('error', failure(Status.CANCELLED, 'context canceled'))
      return
    }
    const isTaken = to.write({ $typeName: 'jumpstarter.v1.StreamResponse', payload, frameType })
    if (isTaken) return
    from.pause()
    to.once('drain', () => from.resume())
  })
}
