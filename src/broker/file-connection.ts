import type { Socket } from 'node:net'

import { readMessages, writeMessage } from '../base/json-lines.ts'
import type { FromBroker, LeaseRequest, TestRetry, ToBroker } from './messages.ts'

/** Receives what a test file does with its lease. */
export interface FileListener {
  /** A test is tried again, because its hardware has failed. */
  retry(retry: TestRetry): void
  /** The file gives its lease back. @returns the problems of the clean-up, which the file is sent */
  release(): Promise<readonly string[]>
  /** The connection is closed, after a release or because the worker has ended. */
  closed(): void
}

/**
 * A test file's connection to the broker. It sends and receives messages and decides nothing. The connection is the lease: when
 * it closes, the lease is over.
 */
export class FileConnection {
  readonly #socket: Socket

  /** @param acquire called with the request, which is the first message of a file */
  constructor(socket: Socket, acquire: (request: LeaseRequest, connection: FileConnection) => FileListener) {
    this.#socket = socket
    let listener: FileListener | undefined
    // A `close` event follows each error, and ends the lease.
    socket.on('error', () => undefined)
    socket.on('close', () => listener?.closed())
    readMessages<ToBroker>(socket, (message) => {
      if (message.type === 'acquire') listener ??= acquire(message, this)
      else if (message.type === 'retry') listener?.retry(message)
      else void listener?.release().then((problems) => this.send({ type: 'released', problems }))
    })
  }

  /** Sends a message, unless the file has closed the connection. */
  send(message: FromBroker): void {
    if (this.#socket.writable) writeMessage(this.#socket, message)
  }
}
