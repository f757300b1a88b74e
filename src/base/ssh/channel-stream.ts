import { Duplex, type Readable } from 'node:stream'

import { HardwareError } from '../../errors.ts'
import { onAbort } from '../abort.ts'

/** The parts of a channel of ssh2 that are used. Users of this package need no types of ssh2. */
export interface SshChannel extends Duplex {
  readonly stderr: Readable
  close(): unknown
  signal(name: string): unknown
}

/**
 * A channel of ssh2 as a stream that behaves as Node's others do. A channel itself forgets writes that it can no longer send, and
 * its `destroy()` destroys nothing.
 */
export class ChannelStream extends Duplex {
  readonly #channel: Omit<SshChannel, 'stderr' | 'signal'>
  readonly #stopListening: () => void
  #done: ((error: Error | null) => void) | undefined
  #isClosed = false

  /** @param lost is aborted, with the error, when the connection has ended */
  constructor(channel: Omit<SshChannel, 'stderr' | 'signal'>, lost: AbortSignal) {
    super()
    this.#channel = channel
    channel.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause()
    })
    channel.on('end', () => this.push(null))
    channel.on('error', (error: Error) => this.destroy(error))
    channel.on('close', () => this.#close())
    channel.pause()
    this.#stopListening = onAbort(lost, () => this.destroy(lost.reason as Error))
  }

  /** The other side has closed the channel: it reads no more. */
  #close(): void {
    this.#isClosed = true
    this.push(null)
    this.#written(new HardwareError('DEVICE_IO', 'The other side does not read any more'))
    if (!this.writableEnded) this.end()
  }

  #written(error: Error | null = null): void {
    const done = this.#done
    this.#done = undefined
    done?.(error)
  }

  override _read(): void {
    this.#channel.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#done = done
    if (this.#isClosed) this.#written(new HardwareError('DEVICE_IO', 'The other side does not read any more'))
    else this.#channel.write(chunk, () => this.#written())
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.#isClosed) this.#channel.end()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stopListening()
    this.#done = undefined
    this.#channel.resume()
    if (!this.#isClosed) this.#channel.close()
    done(error)
  }
}
