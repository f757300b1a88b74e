import type { Socket } from 'node:dgram'
import { Duplex } from 'node:stream'

import { HardwareError, messageOf } from '../../errors.ts'

/** The largest payload of a datagram: 65 535 bytes less the headers of IPv4 and UDP (RFC 791, RFC 768). */
const maxDatagramLength = 65_507

/** The most bytes that may wait for a reader. More datagrams are lost, as in a full socket buffer. */
const maxUnread = 4 * 1024 * 1024

/**
 * A connected UDP socket as a stream: one chunk is one datagram, both ways. The stream never ends; destroy it. An empty datagram from
 * the device is dropped, because streams on the wire have no empty chunks.
 */
export class DatagramStream extends Duplex {
  readonly #socket: Socket
  readonly #name: string
  readonly #lost: () => void
  #unread: Buffer[] = []
  #unreadLength = 0
  #wanted = false

  /**
   * @param socket is closed with the stream
   * @param name the name of the other side in errors
   * @param lost is called for each datagram that was not read in time
   */
  constructor(socket: Socket, name: string, lost: () => void) {
    super({ readableObjectMode: true })
    this.#socket = socket
    this.#name = name
    this.#lost = lost
    socket.on('message', (datagram) => this.#receive(datagram))
    // A connected socket has an error when the other side refuses datagrams with ICMP.
    socket.on('error', (error) => this.destroy(this.#explain(error)))
  }

  #receive(datagram: Buffer): void {
    if (this.#wanted) {
      this.#wanted = this.push(datagram)
    } else if (this.#unreadLength + datagram.length <= maxUnread) {
      this.#unread.push(datagram)
      this.#unreadLength += datagram.length
    } else {
      this.#lost()
    }
  }

  override _read(): void {
    this.#wanted = true
    while (this.#wanted) {
      const datagram = this.#unread.shift()
      if (datagram === undefined) return
      this.#unreadLength -= datagram.length
      this.#wanted = this.push(datagram)
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (chunk.length > maxDatagramLength) {
      const message = `A datagram to ${this.#name} can have ${maxDatagramLength} bytes, and this one has ${chunk.length} or more`
      done(new HardwareError('ARGUMENT_INVALID', message))
      return
    }
    this.#socket.send(chunk, (error) => done(error === null ? null : this.#explain(error)))
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#unread = []
    this.#socket.close(() => done(error))
  }

  #explain(error: Error): HardwareError {
    return new HardwareError('DEVICE_IO', `${this.#name}: ${messageOf(error)}`, { cause: error })
  }
}
