import type { Duplex } from 'node:stream'

import { LineSplitter } from '../../base/lines.ts'
import { withTimeLimit } from '../../base/time-limit.ts'

/** The longest answer, in characters. */
const maxLength = 16 * 1024 * 1024

/** A line to an instrument: commands go out, and answers come back, a line of text each. */
export class ScpiLine {
  readonly #stream: Duplex
  readonly #end: string
  readonly #splitter = new LineSplitter({ maxLength })
  #answers: string[] = []
  #wake: () => void = () => undefined

  /** @param end the end of a command */
  constructor(stream: Duplex, end: string) {
    this.#stream = stream
    this.#end = end
    stream.on('data', (bytes: Uint8Array) => {
      const answers = this.#splitter.push(bytes).filter((line) => line.trim() !== '')
      if (answers.length === 0) return
      this.#answers.push(...answers)
      this.#wake()
    })
  }

  /** Sends a command. */
  send(command: string): void {
    // Noise, and an answer that has come too late, are not the answer to this command.
    this.#answers = []
    this.#splitter.flush()
    this.#stream.write(`${command}${this.#end}`)
  }

  /**
   * Sends a command and waits for its answer.
   *
   * @throws HardwareError CALL_TIMEOUT with the command
   */
  async ask(command: string, timeoutMs: number): Promise<string> {
    const { promise: answered, resolve } = Promise.withResolvers<void>()
    this.send(command)
    this.#wake = resolve
    await withTimeLimit({ name: `the answer to '${command}'`, timeoutMs }, () => answered)
    return (this.#answers.shift() ?? '').trim()
  }
}
