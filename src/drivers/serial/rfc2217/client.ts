import type { Socket } from 'node:net'

import { Mutex } from '../../../base/mutex.ts'
import { withTimeLimit } from '../../../base/time-limit.ts'
import { HardwareError } from '../../../errors.ts'
import { answerOffset, binaryOption, comPort, comPortOption, suppressGoAheadOption } from './com-port.ts'
import { escapeTelnet, TelnetDecoder, telnetNegotiation, telnetSubnegotiation } from './telnet.ts'
import { TelnetOptions } from './telnet-options.ts'

/** The longest that the other side may take to answer, in milliseconds. pyserial waits as long. */
const answerTimeoutMs = 3_000

/** A question to the server: a command of RFC 2217, and its payload. */
export interface Question {
  readonly command: number
  readonly payload: Buffer
  /** The name in errors: `SET-BAUDRATE`. */
  readonly name: string
  /** Returns true for the payload of an answer to this question, and not to another one with the same command. */
  readonly isAnswer?: ((payload: Buffer) => boolean) | undefined
}

interface OpenQuestion extends Question {
  readonly answer: (payload: Buffer) => void
}

/** The telnet side of a connection to a port by RFC 2217. */
export class Rfc2217Client {
  readonly #socket: Socket
  /** The URL, for errors. */
  readonly #name: string
  readonly #decoder = new TelnetDecoder()
  readonly #options: TelnetOptions
  readonly #asking = new Mutex()
  readonly #settled = Promise.withResolvers<boolean>()
  readonly #lost = Promise.withResolvers<never>()
  #speaksTelnet = false
  #questions: OpenQuestion[] = []
  #suspended: PromiseWithResolvers<void> | undefined
  #isPaused = false

  constructor(socket: Socket, name: string) {
    this.#socket = socket
    this.#name = name
    // Nobody may be waiting when the connection ends.
    this.#lost.promise.catch(() => undefined)
    this.#options = new TelnetOptions({
      us: [comPortOption, binaryOption, suppressGoAheadOption],
      them: [binaryOption, suppressGoAheadOption],
      send: (verb, option) => void socket.write(telnetNegotiation(verb, option)),
      settled: (side, option, isActive) => {
        if (side === 'us' && option === comPortOption) this.#settled.resolve(isActive)
      },
    })
  }

  /**
   * Agrees with the server on RFC 2217.
   *
   * @throws HardwareError DEVICE_IO with origin `lab` when the port speaks something else, with the right URL if there is one
   */
  async negotiate(signal: AbortSignal | undefined): Promise<void> {
    this.#options.start()
    const limit = { name: `the negotiation with ${this.#name}`, timeoutMs: answerTimeoutMs, signal }
    const settled = Promise.race([this.#settled.promise, this.#lost.promise])
    const isActive = await withTimeLimit(limit, () => settled).catch((error: unknown) => {
      const isLate = error instanceof HardwareError && error.code === 'CALL_TIMEOUT'
      if (signal?.aborted === true || this.#speaksTelnet || !isLate) throw error
      const raw = this.#name.replace('rfc2217:', 'socket:')
      const why = 'does not answer as a telnet server. If the port carries raw bytes, its URL is'
      throw new HardwareError('DEVICE_IO', `${this.#name} ${why} ${raw}`, { cause: error, origin: 'lab' })
    })
    if (isActive) return
    const message = `${this.#name} speaks telnet and refuses RFC 2217; turn it on in the configuration of the server`
    throw new HardwareError('DEVICE_IO', message, { origin: 'lab' })
  }

  /**
   * Takes bytes of the connection.
   *
   * @returns the bytes of the port
   * @throws RangeError for telnet that makes no sense
   */
  receive(bytes: Buffer): Buffer[] {
    const data: Buffer[] = []
    for (const part of this.#decoder.push(bytes)) {
      if (part.kind === 'data') data.push(part.bytes)
      else this.#speaksTelnet = true
      if (part.kind === 'negotiation') this.#options.receive(part.verb, part.option)
      if (part.kind === 'subnegotiation' && part.option === comPortOption) this.#takeCommand(part.payload)
    }
    return data
  }

  /**
   * Sends questions at once, and waits for all answers: a reset by DTR and RTS must not take a round trip for each step.
   *
   * @returns the payloads of the answers
   * @throws HardwareError DEVICE_IO when an answer does not come
   */
  ask(questions: readonly Question[], signal?: AbortSignal): Promise<Buffer[]> {
    return this.#asking.run(
      async () => {
        const answers = questions.map((question) => {
          const { promise, resolve } = Promise.withResolvers<Buffer>()
          const open: OpenQuestion = { ...question, answer: resolve }
          this.#questions.push(open)
          this.#send(question.command, question.payload)
          return promise
        })
        // Answers come behind the data of the port.
        this.#socket.resume()
        try {
          const limit = { name: 'the answer', timeoutMs: answerTimeoutMs, signal }
          return await withTimeLimit(limit, () => Promise.race([Promise.all(answers), this.#lost.promise]))
        } catch (cause) {
          const isLate = cause instanceof HardwareError && cause.code === 'CALL_TIMEOUT'
          if (signal?.aborted === true || !isLate) throw cause
          const names = this.#questions.map(({ name }) => name).join(' and ')
          const message = `${this.#name} does not answer ${names} within ${answerTimeoutMs} ms`
          throw new HardwareError('DEVICE_IO', message, { cause })
        } finally {
          this.#questions = []
          if (this.#isPaused) this.#socket.pause()
        }
      },
      { signal },
    )
  }

  /** Sends a command that not all servers answer. */
  tell(command: number, payload: Uint8Array): void {
    this.#send(command, payload)
  }

  /** Sends bytes to the port, when the server can take them. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#suspended?.promise
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(escapeTelnet(bytes), (cause) => (cause ? reject(cause) : resolve()))
    })
  }

  pause(): void {
    this.#isPaused = true
    if (this.#questions.length === 0) this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#socket.resume()
  }

  /** Ends all waits, because the connection has ended. */
  end(reason: Error): void {
    this.#lost.reject(reason)
    this.#suspended?.resolve()
  }

  #send(command: number, payload: Uint8Array): void {
    this.#socket.write(telnetSubnegotiation(comPortOption, Uint8Array.of(command, ...payload)))
  }

  #takeCommand([command = -1, ...rest]: Buffer): void {
    const payload = Buffer.from(rest)
    const number = command - answerOffset
    if (number === comPort.flowControlSuspend) this.#suspended ??= Promise.withResolvers()
    if (number === comPort.flowControlResume) {
      this.#suspended?.resolve()
      this.#suspended = undefined
    }
    const index = this.#questions.findIndex(
      ({ command: asked, isAnswer }) => asked === number && isAnswer?.(payload) !== false,
    )
    const [question] = index < 0 ? [] : this.#questions.splice(index, 1)
    question?.answer(payload)
  }
}
