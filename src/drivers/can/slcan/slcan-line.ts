import { EventEmitter, once } from 'node:events'
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
  /** The number of commands whose answers have not come in time, and may come yet. */
  #unanswered = 0
  readonly #settled = new EventEmitter<{ settled: [] }>()

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
    this.#unanswered++
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

  /**
   * Waits for the answers of commands that had none in time, which would pass for those of the next commands. An adapter that was not
   * ready may have lost such a command.
   *
   * @param options.timeoutMs the longest wait, in milliseconds; its end is no error
   * @throws the signal's reason
   */
  async settle({ timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<void> {
    if (this.#unanswered === 0) return
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    await once(this.#settled, 'settled', { signal: limit }).catch(() => signal.throwIfAborted())
    this.#unanswered = 0
  }

  #receive(bytes: Uint8Array): void {
    for (const part of this.#reader.push(bytes)) {
      if (part.kind === 'frame') this.#events.frame(part)
      else if (part.kind === 'refusal') this.#answer({ isRefused: true })
      else if (this.#asked?.expected.test(part.text) === true) this.#answer({ isRefused: false, text: part.text })
      // The answer to a command that nobody waits for any more.
      else if (part.text === '') this.#count()
      else this.#events.unknown(part.text)
    }
  }

  #answer(answer: SlcanAnswer): void {
    this.#asked?.answer(answer)
    this.#asked = undefined
    this.#count()
  }

  #count(): void {
    if (this.#unanswered > 0 && --this.#unanswered === 0) this.#settled.emit('settled')
  }
}
