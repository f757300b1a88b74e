import type { Readable, Writable } from 'node:stream'

import { onAbort } from '../abort.ts'
import { nextTurn } from '../clock.ts'
import { ChannelStream, type SshChannel } from './channel-stream.ts'

/** The end of a program on an SSH host. */
export interface SshEnd {
  /** The exit code; `undefined` if a signal has ended the program, or the host does not tell. */
  readonly exitCode: number | undefined
  /** The signal that has ended the program, such as `SIGKILL`. */
  readonly signal: string | undefined
}

/** A program on an SSH host. Dispose of it to close its streams. */
export class SshProcess implements AsyncDisposable {
  /** Standard input. `end()` it for a program that reads to the end. */
  readonly stdin: Writable
  /** Standard output. The host waits until it is read. */
  readonly stdout: Readable
  /** Standard error. The host waits until it is read; a terminal has none. */
  readonly stderr: Readable
  /**
   * Is fulfilled when the program has ended. Its last output may not have been read yet.
   *
   * @throws HardwareError DEVICE_IO when the connection was lost before
   */
  readonly exited: Promise<SshEnd>
  readonly #channel: SshChannel
  readonly #release: () => Promise<void>

  /**
   * @param lost is aborted, with the error, when the connection has ended
   * @param release is called when the process is disposed of
   */
  constructor(channel: SshChannel, lost: AbortSignal, release: () => Promise<void> = async () => undefined) {
    this.#channel = channel
    this.#release = release
    const stream = new ChannelStream(channel, lost)
    this.stdin = stream
    this.stdout = stream
    this.stderr = channel.stderr
    this.exited = new Promise<SshEnd>((resolve, reject) => {
      const stopListening = onAbort(lost, () => reject(lost.reason as Error))
      const end = (exitCode?: number | null, signal?: string) => {
        stopListening()
        resolve({ exitCode: exitCode ?? undefined, signal })
      }
      channel.on('exit', end)
      // The connection may be found lost in the same moment. The loss is the reason then.
      channel.on('close', () => nextTurn(end))
    })
    // Not every caller waits for the end.
    this.exited.catch(() => undefined)
    for (const end of [stream, this.stderr]) end.on('error', () => undefined)
  }

  /**
   * Sends a signal to the program, as long as `stdin` is open. The host does not tell whether it arrived: OpenSSH passes signals on
   * since version 7.9, and in many versions not for root; other servers may ignore them.
   *
   * @param signal its name (default `SIGTERM`)
   */
  kill(signal = 'SIGTERM'): void {
    this.#channel.signal(signal.replace(/^SIG/, ''))
  }

  /** Closes the streams. The host ends programs that have a terminal; others find their input at its end, and nobody reads their output. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stdout.destroy()
    this.stderr.resume()
    await this.#release()
  }
}
