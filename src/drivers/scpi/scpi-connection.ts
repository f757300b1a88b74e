import { DeviceConnection } from '../../driver-kit/device-connection.ts'
import { HardwareError } from '../../errors.ts'
import type { ScpiError } from '../../interfaces/scpi-instrument.ts'
import { type LineStream, openLineStream } from '../serial/open-line.ts'
import type { ScpiConfig } from './config.ts'
import { parseScpiError, scpiFailure, type TestsPart } from './scpi-error.ts'
import { ScpiLine } from './scpi-line.ts'

const lineEnds = { lf: '\n', cr: '\r', crlf: '\r\n' } as const
/** The most entries that are read from a queue. An instrument with more does not empty it. */
const maxErrors = 100

/** An open line to an instrument. */
interface OpenInstrument {
  readonly line: ScpiLine
  readonly stream: LineStream
}

/** An answer, and the errors that came with it. */
interface Outcome {
  readonly answer: string
  readonly errors: readonly ScpiError[]
}

type MakeFailure = (command: string, errors: readonly ScpiError[]) => HardwareError

/**
 * A connection to an instrument. It asks for the queue of errors after each command, so that a command that the instrument refuses
 * fails. When it connects, it empties the queue, because errors of earlier users are in it (`*CLS`).
 */
export class ScpiConnection {
  readonly #config: ScpiConfig
  readonly #name: string
  readonly #timeoutMs: number
  readonly #connection: DeviceConnection<OpenInstrument>

  constructor(config: ScpiConfig) {
    this.#config = config
    this.#name = `the instrument at ${config.url}`
    this.#timeoutMs = (config.timeout ?? 5) * 1000
    this.#connection = new DeviceConnection({
      name: this.#name,
      open: (ended, signal) => this.#open(ended, signal),
      close: ({ stream }) => stream.close(),
      // Each answer has a limit. This one is for an instrument that never says that its queue is empty.
      timeoutMs: 20 * this.#timeoutMs,
    })
  }

  /**
   * Sends commands, each after the errors of the one before, and waits for the answers of those that have one.
   *
   * @param testsPart the part of the commands that comes from the test, which is to blame if the instrument refuses it
   * @returns the answers, in the order of the commands; an empty text for a command without one
   * @throws HardwareError ARGUMENT_INVALID or DEVICE_IO with the entries of the queue of errors; CALL_TIMEOUT; DEVICE_IO with
   *   origin `lab` when the instrument cannot be reached
   */
  async run(commands: readonly string[], testsPart: TestsPart, signal: AbortSignal): Promise<readonly string[]> {
    const answers: string[] = []
    const failure = (command: string, errors: readonly ScpiError[]) =>
      scpiFailure(command, errors, { name: this.#name, testsPart })
    const failed = await this.#connection.use(
      async ({ line }) => {
        for (const command of commands) {
          const { answer, errors } = await this.#send(line, command, failure)
          if (errors.length > 0) return { command, errors }
          answers.push(answer)
        }
        return undefined
      },
      { signal },
    )
    // The queue is empty now, so that the connection can be kept.
    if (failed !== undefined) throw failure(failed.command, failed.errors)
    return answers
  }

  /** Empties the queue of errors. */
  readErrors(signal: AbortSignal): Promise<readonly ScpiError[]> {
    return this.#connection.use(({ line }) => this.#readErrors(line), { signal })
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #open(ended: (reason?: unknown) => void, signal: AbortSignal): Promise<OpenInstrument> {
    const { url, baudrate, parity, stop_bits: stopBits, line_end: end } = this.#config
    const settings = { baudRate: baudrate ?? 9600, parity: parity ?? 'none', stopBits: stopBits ?? 1 } as const
    const stream = await openLineStream({ url, ...settings, ended, signal })
    const line = new ScpiLine(stream.stream, lineEnds[end ?? 'lf'])
    if (this.#checksErrors) line.send('*CLS')
    return { line, stream }
  }

  async #send(line: ScpiLine, command: string, failure: MakeFailure): Promise<Outcome> {
    if (!isQuery(command)) {
      line.send(command)
      return { answer: '', errors: this.#checksErrors ? await this.#readErrors(line) : [] }
    }
    let answer: string
    try {
      answer = await line.ask(command, this.#timeoutMs)
    } catch (error) {
      // A query that the instrument refuses has no answer, only an entry in the queue.
      const isLate = error instanceof HardwareError && error.code === 'CALL_TIMEOUT'
      const errors = isLate && this.#checksErrors ? await this.#readErrors(line) : []
      throw errors.length > 0 ? failure(command, errors) : error
    }
    return { answer, errors: this.#checksErrors ? await this.#readErrors(line) : [] }
  }

  async #readErrors(line: ScpiLine): Promise<readonly ScpiError[]> {
    const errors: ScpiError[] = []
    while (errors.length < maxErrors) {
      const answer = await line.ask('SYST:ERR?', this.#timeoutMs)
      const error = parseScpiError(answer)
      if (error === undefined) {
        const shown = JSON.stringify(answer.slice(0, 100))
        const cure = 'for an instrument without this query, set check_errors to false'
        throw new HardwareError('RESULT_INVALID', `${this.#name} answers 'SYST:ERR?' with ${shown}; ${cure}`)
      }
      if (error.code === 0) break
      errors.push(error)
    }
    return errors
  }

  get #checksErrors(): boolean {
    return this.#config.check_errors !== false
  }
}

/** True if a command has an answer: it has a question mark outside the texts in quotes. */
export function isQuery(command: string): boolean {
  return command.replaceAll(/"[^"]*"|'[^']*'/g, '').includes('?')
}
