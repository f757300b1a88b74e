import type { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'

/** No message is near as long; a peer that sends more is not one of ours. */
const maxLength = 1024 * 1024

/** Sends a message as a line of JSON. */
export function writeMessage(socket: Socket, message: object): void {
  socket.write(`${JSON.stringify(message)}\n`)
}

/** Reads messages as {@link writeMessage} sends them. A peer that sends anything else is disconnected. */
export function readMessages<Message>(socket: Socket, receive: (message: Message) => void): void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  socket.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > maxLength) {
      socket.destroy(new Error('message too long'))
      return
    }
    for (const line of lines) {
      let message: Message
      try {
        message = JSON.parse(line) as Message
      } catch (error) {
        socket.destroy(error as Error)
        return
      }
      receive(message)
    }
  })
}
