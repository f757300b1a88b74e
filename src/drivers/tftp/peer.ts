import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

import { startTimer, stopTimer } from '../../base/clock.ts'
import { onAbort } from '../../base/abort.ts'
import { type AckPacket, decodePacket, encodePacket, type ErrorPacket, type TftpPacket } from './packets.ts'
import { TransferEnded } from './transfer-ended.ts'

/** The most packets that may wait to be processed. More packets are lost, as datagrams may be. */
const maxWaiting = 64

/** An address and a port. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/**
 * The client of one transfer, on a separate socket and port (RFC 1350, section 4). The system drops the datagrams of other senders to
 * that port, and reports when the client's port is closed.
 */
export class Peer {
  readonly #socket: Socket
  readonly #waiting: (AckPacket | ErrorPacket)[] = []
  #wake: (() => void) | undefined
  #failure: Error | undefined
  #trouble: string | undefined
  /** Is fulfilled when the last packet has left. */
  #sent: Promise<void> = Promise.resolve()

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  /**
   * @param local the address that the server listens on
   * @param signal ends {@link Peer.receive} with its reason
   */
  static async open(local: string, remote: Endpoint, signal: AbortSignal): Promise<Peer> {
    const socket = createSocket(remote.address.includes(':') ? 'udp6' : 'udp4')
    const peer = new Peer(socket)
    try {
      socket.bind(0, local)
      await once(socket, 'listening')
      socket.connect(remote.port, remote.address)
      await once(socket, 'connect')
    } catch (error) {
      socket.close()
      throw error
    }
    socket.on('error', (error) => peer.#meet(error))
    socket.on('message', (bytes) => peer.#take(decodePacket(bytes)))
    socket.on(
      'close',
      onAbort(signal, () => peer.#fail(signal.reason as Error)),
    )
    return peer
  }

  /** The last error of the system for a packet to the client. The packet is lost, as others may be. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Sends a packet, or an encoded packet. */
  send(packet: TftpPacket | Uint8Array): void {
    const bytes = packet instanceof Uint8Array ? packet : encodePacket(packet)
    this.#sent = new Promise((resolve) => {
      this.#socket.send(bytes, (error) => {
        if (error) this.#meet(error)
        resolve()
      })
    })
  }

  /**
   * Waits for the next acknowledgement or error of the client; `undefined` when none comes in time.
   *
   * @throws the reason of the signal, or TransferEnded when the client's port is closed
   */
  async receive(timeoutMs: number): Promise<AckPacket | ErrorPacket | undefined> {
    if (this.#failure === undefined && this.#waiting.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = startTimer(resolve, timeoutMs)
        this.#wake = () => {
          stopTimer(timer)
          resolve()
        }
      })
      this.#wake = undefined
    }
    if (this.#failure !== undefined) throw this.#failure
    return this.#waiting.shift()
  }

  /** Closes the socket, when all has been sent. */
  async close(): Promise<void> {
    await this.#sent
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    await closed
  }

  #take(packet: TftpPacket | undefined): void {
    if (packet?.kind !== 'ack' && packet?.kind !== 'error') return
    if (this.#waiting.length >= maxWaiting) return
    this.#waiting.push(packet)
    this.#wake?.()
  }

  #meet(error: Error): void {
    this.#trouble = error.message
    // The client has closed its port. Other errors may be temporary: a board that restarts is off the network for a while.
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED')
      this.#fail(new TransferEnded('the client has gone away'))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#wake?.()
  }
}
