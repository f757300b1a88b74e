import type { Socket } from 'node:net'

import { isRecord } from './check.ts'
import { readLines } from './lines.ts'

/** The length from which a message is refused, in characters. The messages of this package are far shorter. */
const maxLength = 1024 * 1024

/** Sends a message as a line of JSON. */
export function writeMessage(socket: Socket, message: object): void {
  socket.write(`${JSON.stringify(message)}\n`)
}

/**
 * Reads messages as {@link writeMessage} sends them. A peer that sends anything else is disconnected.
 *
 * @param socket emits the error with which it is disconnected
 */
export function readMessages<Message>(socket: Socket, receive: (message: Message) => void): void {
  const receiveLine = (line: string) => {
    if (socket.destroyed) return
    const message = parseMessage(line)
    if (message instanceof Error) socket.destroy(message)
    else receive(message as Message)
  }
  readLines(socket, receiveLine, { maxLength })
}

function parseMessage(line: string): object {
  // One less, as a piece of a longer line does not end between two surrogates.
  if (line.length >= maxLength - 1) return new Error('message too long')
  try {
    const message: unknown = JSON.parse(line)
    return isRecord(message) ? message : new Error('message is no object')
  } catch (error) {
    return error as Error
  }
}
