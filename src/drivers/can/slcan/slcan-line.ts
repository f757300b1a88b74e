import type { Duplex } from 'node:stream'

import { withTimeLimit } from '../../../base/time-limit.ts'
import type { DecodedFrame } from './frame-text.ts'
import { SlcanReader } from './reader.ts'

/** The answer to a command: the text of the line, or BEL. */
export type SlcanAnswer = { readonly isRefused: true } | { readonly isRefused: false; readonly text: string }

/** Receives what an adapter tells without a question. */
export interface SlcanEvents {
  frame(frame: DecodedFrame): void
  /** A line that is neither a frame nor the answer to a command. */
  unknown(text: string): void
}

/** The answer to most commands is an empty line. CANUSB adds `z` for a frame that is in its queue, `Z` for an extended one. */
const done = /^[zZ]?$/

/** A line to an adapter: commands go out one after another, and answers and frames come back. */
export class SlcanLine {
  readonly #name: string
  readonly #stream: Duplex
  readonly #reader = new SlcanReader()
  readonly #events: SlcanEvents
  #asked: { readonly expected: RegExp; readonly answer: (answer: SlcanAnswer) => void } | undefined

  /** @param name the adapter in errors */
  constructor(name: string, stream: Duplex, events: SlcanEvents) {
    this.#name = name
    this.#stream = stream
    this.#events = events
    stream.on('data', (bytes: Uint8Array) => this.#receive(bytes))
  }

  /** Sends a command. The promise is fulfilled when the line has taken it. */
  send(command: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(`${command}\r`, 'latin1', (error) => (error ? reject(error) : resolve()))
    })
  }

  /**
   * Sends a command and waits for its answer.
   *
   * @param options.expected the lines that can be the answer (default: those that most commands have)
   * @throws HardwareError CALL_TIMEOUT with the command
   */
  async ask(
    command: string,
    { timeoutMs, expected = done }: { readonly timeoutMs: number; readonly expected?: RegExp },
  ): Promise<SlcanAnswer> {
    const { promise: answered, resolve: answer } = Promise.withResolvers<SlcanAnswer>()
    const asked = { expected, answer }
    this.#asked = asked
    try {
      const name = `the answer of ${this.#name} to '${command}'`
      return await withTimeLimit({ name, timeoutMs, origin: 'lab' }, async () => {
        await this.send(command)
        return answered
      })
    } finally {
      if (this.#asked === asked) this.#asked = undefined
    }
  }

  #receive(bytes: Uint8Array): void {
    for (const part of this.#reader.push(bytes)) {
      if (part.kind === 'frame') this.#events.frame(part)
      else if (part.kind === 'refusal') this.#answer({ isRefused: true })
      else if (this.#asked?.expected.test(part.text) === true) this.#answer({ isRefused: false, text: part.text })
      // The answers to commands that nobody waits for, such as those before the channel is opened.
      else if (part.text !== '') this.#events.unknown(part.text)
    }
  }

  #answer(answer: SlcanAnswer): void {
    this.#asked?.answer(answer)
    this.#asked = undefined
  }
}
