import { Duplex } from 'node:stream'

import type { RawData, WebSocket } from 'ws'

import { startTimer, stopTimer } from '../../base/clock.ts'
import { HardwareError, messageOf } from '../../errors.ts'

/** The codes of a close that is no failure: normal, going away, and a close without a code (RFC 6455, 7.4.1). */
const normalCodes: ReadonlySet<number> = new Set([1000, 1001, 1005])

/** The longest wait for the server's answer to a close, in milliseconds. */
const closeTimeoutMs = 1_000

/**
 * An open WebSocket as a stream: one chunk is one message, both ways. Text messages are read as UTF-8, and all messages are sent as
 * binary ones, as Jumpstarter's driver does. A WebSocket cannot end one half: the end of the input changes nothing, and the stream
 * goes on until the server closes it or it is destroyed.
 */
export class WebsocketStream extends Duplex {
  readonly #socket: WebSocket
  readonly #name: string

  /**
   * @param socket is closed with the stream
   * @param name the name of the server in errors
   */
  constructor(socket: WebSocket, name: string) {
    super({ readableObjectMode: true, readableHighWaterMark: 16 })
    this.#socket = socket
    this.#name = name
    socket.on('message', (data) => {
      if (!this.push(bytesOf(data))) socket.pause()
    })
    socket.on('error', (error) => this.destroy(this.#failure(messageOf(error), error)))
    socket.on('close', (code, reason) => {
      if (normalCodes.has(code)) this.push(null)
      else
        this.destroy(this.#failure(`the server has closed the connection with code ${code} ${String(reason)}`.trim()))
    })
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.send(chunk, { binary: true }, (error) => {
      done(error ? this.#failure(messageOf(error), error) : null)
    })
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const socket = this.#socket
    if (socket.readyState === socket.CLOSED) {
      done(error)
      return
    }
    const timer = startTimer(() => socket.terminate(), closeTimeoutMs)
    socket.once('close', () => {
      stopTimer(timer)
      done(error)
    })
    // A paused socket does not see the server's answer.
    socket.resume()
    socket.close(1000)
  }

  #failure(text: string, cause?: unknown): HardwareError {
    return new HardwareError('DEVICE_IO', `${this.#name}: ${text}`, { cause })
  }
}

/** A message arrives as one Buffer, because the socket has its default `binaryType`. */
function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? Buffer.from(data) : data
}
