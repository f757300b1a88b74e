import type { Duplex } from 'node:stream'

import { Mutex } from '../../base/mutex.ts'
import { timeLimitError, withTimeLimit } from '../../base/time-limit.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { type ErrorCode, type ErrorOrigin, HardwareError, messageOf } from '../../errors.ts'
import { GdbLink, type GdbLinkOptions, showPacket } from './link.ts'
import { describeStop, type DebugStop, isEnd, isStop, parseStop } from './stop.ts'

/** The longest that a stub may take to answer a packet, in milliseconds. */
const answerTimeoutMs = 10_000
/** The byte that stops a running program (GDB manual, "Interrupts"). */
const interruptByte = Buffer.of(0x03)
/** The answer to a system call of the program that gdb would have to make: failed, for an unknown reason (9999). */
const refusedCall = 'F-1,270f'

/** Options of {@link GdbSession}. */
export interface GdbSessionOptions extends GdbLinkOptions {
  /** The longest that a stub may take to answer a question that it may not know, in milliseconds (default 2000). */
  readonly probeTimeoutMs?: number | undefined
  /** Gets the output that the program, or a command of the stub, prints through the stub. */
  readonly onOutput?: ((output: Buffer) => void) | undefined
}

/** Options of {@link GdbSession.ask}. */
export interface AskOptions extends WaitOptions {
  /** True for an answer to this question. Others are reported as strays. Empty answers and errors always count. */
  readonly accepts: (content: Buffer) => boolean
}

interface Question {
  readonly shown: string
  readonly accepts: (content: Buffer) => boolean
  readonly resolve: (content: Buffer) => void
  readonly reject: (error: Error) => void
}

/**
 * A conversation with a stub in gdb's remote serial protocol. There is one question at a time, and an answer has to have the shape
 * that the question wants. So the late or second answer of a stub never becomes the answer to the next question. A question whose
 * answer is late ends the session, because the state of the stub is unknown then.
 */
export class GdbSession {
  readonly #link: GdbLink
  readonly #options: GdbSessionOptions
  readonly #turns = new Mutex()
  #question: Question | undefined
  #running: PromiseWithResolvers<DebugStop> | undefined
  #stop: DebugStop | undefined
  /** The reason why the stub did not let the program run. */
  #refusal: HardwareError | undefined

  /** @param stream is destroyed with the session */
  constructor(stream: Duplex, options: GdbSessionOptions) {
    this.#options = options
    this.#link = new GdbLink(stream, options, {
      packet: (content) => this.#take(content),
      lost: (reason) => {
        this.#question?.reject(reason)
        this.#running?.reject(reason)
        this.#running = undefined
      },
    })
  }

  /** The reason why the session has ended; `undefined` while it lives. */
  get lost(): HardwareError | undefined {
    return this.#link.lost
  }

  /** True between {@link resume} and the stop that follows. */
  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** The last stop. */
  get stop(): DebugStop | undefined {
    return this.#stop
  }

  /**
   * Sends a packet, and waits for its answer.
   *
   * @returns the answer; an empty one if the stub does not know the packet
   * @throws HardwareError CALL_TIMEOUT, the signal's reason, NOT_READY while the program runs or when it has ended, DEVICE_IO when
   *   the connection is lost
   */
  async ask(content: string | Uint8Array, options: AskOptions): Promise<Buffer> {
    return this.#turns.run(async () => {
      this.#checkStopped()
      return this.#ask(content, options)
    })
  }

  /**
   * Asks a question that not every stub answers.
   *
   * @returns the answer; an empty one if there was none in time
   */
  async probe(content: string, { accepts, signal }: Omit<AskOptions, 'timeoutMs'>): Promise<Buffer> {
    const { probeTimeoutMs: timeoutMs = 2_000 } = this.#options
    return this.#turns.run(async () => {
      this.#checkStopped()
      const answer = await this.#ask(content, { accepts, timeoutMs, signal }, true)
      if (answer !== undefined) return answer
      this.#options.onStray?.(`no answer to ${JSON.stringify(content)} within ${timeoutMs} ms`)
      // Every stub answers this question, and the answer has a shape of its own.
      this.#stop = parseStop(await this.#ask('?', { accepts: isStop, signal }))
      return Buffer.alloc(0)
    })
  }

  /** Asks why the program stands still. */
  async askStop(options: WaitOptions): Promise<DebugStop> {
    const answer = await this.ask('?', { ...options, accepts: isStop })
    if (!isStop(answer)) throw this.#error('RESULT_INVALID', `answers '?' with ${showPacket(answer)}`)
    this.#stop = parseStop(answer)
    return this.#stop
  }

  /** Lets the program run, with a packet such as `c`. It runs until {@link waitForStop} or {@link interrupt} ends. */
  async resume(content: string): Promise<void> {
    await this.#turns.run(() => {
      this.#checkStopped()
      this.#refusal = undefined
      this.#running = Promise.withResolvers()
      // Nobody may be waiting when the connection is lost.
      this.#running.promise.catch(() => undefined)
      this.#link.send(content)
    })
  }

  /**
   * Waits until the program stands still; at once if it does already.
   *
   * @throws HardwareError CALL_TIMEOUT when it still runs; the program goes on running. NOT_IMPLEMENTED or DEVICE_IO when the stub did
   *   not let it run
   */
  async waitForStop({ timeoutMs, signal }: WaitOptions & { readonly timeoutMs: number }): Promise<DebugStop> {
    const running = this.#running
    if (this.#refusal !== undefined) throw this.#refusal
    if (running === undefined) return this.#stop ?? this.askStop({ timeoutMs, signal })
    const limit = { name: `${this.#options.name}: the wait until the program stops`, timeoutMs, signal }
    return withTimeLimit({ ...limit, origin: 'firmware', details: this.#options.details }, () => running.promise)
  }

  /** Stops the program; does nothing if it stands still. */
  async interrupt({ timeoutMs = answerTimeoutMs, signal }: WaitOptions): Promise<DebugStop> {
    const running = this.#running
    if (running === undefined) return this.#stop ?? this.askStop({ timeoutMs, signal })
    const limit = {
      ...{ name: `${this.#options.name}: halting the program`, timeoutMs: timeoutMs / 2, signal },
      details: this.#options.details,
    }
    try {
      for (const isLast of [false, true]) {
        this.#link.sendBytes(interruptByte)
        const late = (error: unknown) => {
          if (isLast || signal?.aborted === true || this.lost !== undefined) throw error
        }
        if ((await withTimeLimit(limit, () => running.promise).catch(late)) !== undefined) break
      }
    } catch (error) {
      this.#link.lose(messageOf(error), error)
      throw error
    }
    const stop = await running.promise
    // Some stubs report the stop twice. The second one comes before this answer.
    if (!isEnd(stop)) await this.ask('g', { accepts: (content) => /^[\da-fx]+$/i.test(content.toString()), signal })
    return stop
  }

  /** Sends a packet that has no answer, such as `k`. */
  tell(content: string): void {
    this.#link.send(content)
  }

  /** Ends the session. May be called again. */
  close(): void {
    this.#link.lose('it was closed')
  }

  async #ask(content: string | Uint8Array, options: AskOptions): Promise<Buffer>
  async #ask(content: string | Uint8Array, options: AskOptions, isProbe: true): Promise<Buffer | undefined>
  async #ask(content: string | Uint8Array, options: AskOptions, isProbe = false): Promise<Buffer | undefined> {
    const { accepts, timeoutMs = answerTimeoutMs, signal } = options
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    const shown = showPacket(content)
    this.#question = { shown, accepts, resolve, reject }
    this.#link.send(content)
    const late = { name: `${this.#options.name}: the answer to ${shown}`, timeoutMs, details: this.#options.details }
    try {
      return await withTimeLimit({ ...late, signal }, () => promise)
    } catch (error) {
      const isLate = error instanceof HardwareError && error.code === 'CALL_TIMEOUT' && signal?.aborted !== true
      if (isProbe && isLate && this.lost === undefined) return undefined
      this.#link.lose('an answer of the stub is late, so that its state is unknown', error)
      throw isLate ? timeLimitError(late) : error
    } finally {
      this.#question = undefined
    }
  }

  #take(content: Buffer): void {
    const text = content.toString('latin1')
    if (/^O(?:[\da-f]{2})+$/i.test(text)) {
      this.#options.onOutput?.(Buffer.from(text.slice(1), 'hex'))
    } else if (this.#question !== undefined) {
      const isAnswer = text === '' || isError(text) || this.#question.accepts(content)
      if (isAnswer) this.#question.resolve(content)
      else this.#options.onStray?.(`${showPacket(content)} is no answer to ${this.#question.shown}`)
    } else if (this.#running !== undefined && isStop(content)) {
      const { resolve } = this.#running
      this.#running = undefined
      this.#stop = parseStop(content)
      resolve(this.#stop)
    } else if (this.#running !== undefined && text.startsWith('F')) {
      this.#options.onStray?.(`the program makes the system call ${showPacket(content)}, which is refused`)
      this.#link.send(refusedCall)
    } else if (this.#running !== undefined && (text === '' || isError(text))) {
      const { reject } = this.#running
      this.#running = undefined
      const [code, what] = text === '' ? (['NOT_IMPLEMENTED', 'cannot'] as const) : (['DEVICE_IO', 'does not'] as const)
      this.#refusal = this.#error(code, `the stub ${what} let the program run: it answers ${showPacket(content)}`)
      reject(this.#refusal)
    } else {
      this.#options.onStray?.(`nobody waits for ${showPacket(content)}`)
    }
  }

  #checkStopped(): void {
    if (this.lost !== undefined) throw this.lost
    if (this.#running !== undefined) throw this.#error('NOT_READY', 'the program runs; halt() stops it', 'test')
    if (this.#stop !== undefined && isEnd(this.#stop)) {
      throw this.#error('NOT_READY', `the program ${describeStop(this.#stop)}`, 'firmware')
    }
  }

  #error(code: ErrorCode, text: string, origin?: ErrorOrigin): HardwareError {
    const { name, details } = this.#options
    return new HardwareError(code, `${name}: ${text}`, { origin, details })
  }
}

/** True for `E01` and for `E.text`. Hexadecimal digits of data come in pairs. */
export function isError(text: string): boolean {
  return /^E(?:[\da-fA-F]{2}$|\.)/.test(text)
}
