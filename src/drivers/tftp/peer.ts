import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

import { type AckPacket, decodePacket, encodePacket, type ErrorPacket, type TftpPacket } from './packets.ts'
import { TransferEnded } from './transfer-ended.ts'

/** How many packets may wait to be looked at; what comes then is lost, as datagrams are. */
const maxWaiting = 64

/** An address and a port. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/**
 * One client of a transfer, on a socket and so a port of its own (RFC 1350, section 4). The system keeps away what others
 * send to that port, and says when the client's port is closed.
 */
export class Peer {
  readonly #socket: Socket
  readonly #waiting: (AckPacket | ErrorPacket)[] = []
  #wake: (() => void) | undefined
  #failure: Error | undefined
  #trouble: string | undefined
  /** Settles when the last packet has left. */
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
    const onAbort = () => peer.#fail(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('close', () => signal.removeEventListener('abort', onAbort))
    if (signal.aborted) onAbort()
    return peer
  }

  /** The last that the system had against a packet to the client. The packet is lost, as others are on the way. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Sends a packet, or one that is encoded already. */
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
   * The next acknowledgement, or error, of the client; nothing when none comes in time.
   *
   * @throws the reason of the signal, or what the system says of the client's port
   */
  async receive(timeoutMs: number): Promise<AckPacket | ErrorPacket | undefined> {
    if (this.#failure === undefined && this.#waiting.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        this.#wake = () => {
          clearTimeout(timer)
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
    // Nobody is there any more. Anything else may pass: a board that starts again is away from the network for a while.
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED')
      this.#fail(new TransferEnded('the client has gone away'))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#wake?.()
  }
}
