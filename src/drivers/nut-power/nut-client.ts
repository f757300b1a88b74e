import type { Socket } from 'node:net'

import { onAbort } from '../../base/abort.ts'
import { LineSplitter } from '../../base/lines.ts'
import { pollUntil } from '../../base/poll.ts'
import { openSocket, type SocketAddress } from '../../driver-kit/open-socket.ts'

/** The longest pause between two questions for the result of a command, in milliseconds. No event tells it. */
const longestPauseMs = 200

/** Options of {@link NutClient.open}. */
interface NutClientOptions extends SocketAddress {
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/** A connection to `upsd` of Network UPS Tools, in the protocol of RFC 9271. It has one question at a time. */
export class NutClient {
  readonly #socket: Socket
  readonly #lines = new LineSplitter()
  #receive: (line: string) => void = () => undefined

  /**
   * Connects, and gives the user's name and password. `upsd` looks at them when a command comes that needs them.
   *
   * @throws the system's error; the signal's reason
   */
  static async open({ username, password, ...address }: NutClientOptions): Promise<NutClient> {
    const client = new NutClient(await openSocket(address))
    const stopListening = onAbort(address.signal, () => client.close())
    try {
      if (username) {
        await client.ask(['USERNAME', username])
        await client.ask(['PASSWORD', password ?? ''])
        // From NUT 2.8 on, a driver tells if it could do what it was asked to do.
        await client.ask(['SET', 'TRACKING', 'ON'])
      }
      return client
    } finally {
      stopListening()
    }
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (data) => {
      for (const line of this.#lines.push(data)) this.#receive(line)
    })
  }

  /** Sends words, and waits for the line that answers them. */
  ask(words: readonly string[]): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    this.#receive = resolve
    if (this.#socket.destroyed) reject(new Error('the connection has been closed'))
    else this.#socket.write(`${words.map(quote).join(' ')}\n`)
    return promise
  }

  /** Gives a command to the device, and waits until it is done. @returns the last answer: `OK`, `SUCCESS` or an error */
  async command(words: readonly string[]): Promise<string> {
    const answer = await this.ask(words)
    const [, id] = /^OK TRACKING (\S+)$/.exec(answer) ?? []
    if (id === undefined) return answer
    const result = async () => {
      const state = await this.ask(['GET', 'TRACKING', id])
      return state === 'PENDING' ? undefined : state
    }
    return pollUntil(result, { firstMs: 2, maxMs: longestPauseMs })
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** RFC 9271: a word with spaces stands in quotes, in which quotes and backslashes have a backslash in front. */
function quote(word: string): string {
  return /^[\w.-]+$/.test(word) ? word : `"${word.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}
