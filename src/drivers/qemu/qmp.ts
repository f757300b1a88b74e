import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'

import { HardwareError } from '../../errors.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { readLines } from '../../base/lines.ts'

/** The longest that QEMU may take to start, or to answer a short command, in milliseconds. */
const answerTimeoutMs = 10_000

/** The arguments of a command. */
export type QmpArguments = Readonly<Record<string, unknown>>

/** A message of QEMU's: a greeting, an answer or an event (QEMU Machine Protocol, docs/interop/qmp-spec). */
interface QmpMessage {
  readonly QMP?: unknown
  readonly id?: number | undefined
  readonly return?: unknown
  readonly error?: { readonly class: string; readonly desc: string }
  readonly event?: string | undefined
  readonly data?: QmpArguments | undefined
}

interface Waiting {
  readonly name: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** Controls a running QEMU over its machine protocol. Each event is emitted under `event`, with its name and data. */
export class Qmp extends EventEmitter<{ event: [name: string, data: QmpArguments] }> {
  readonly #stream: Duplex
  readonly #waiting = new Map<number, Waiting>()
  readonly #greeting = Promise.withResolvers<unknown>()
  /** Is rejected when QEMU has ended, for waits other than commands. */
  readonly #closed = Promise.withResolvers<never>()
  #nextId = 0
  #isClosed = false

  /** @param stream the connection to a monitor in control mode */
  constructor(stream: Duplex) {
    super()
    this.setMaxListeners(0)
    this.#stream = stream
    this.#greeting.promise.catch(() => undefined)
    this.#closed.promise.catch(() => undefined)
    readLines(stream, (line) => this.#receive(line), { maxLength: 16 * 1024 * 1024 })
    stream.on('error', () => undefined)
    stream.on('close', () => this.#close())
  }

  /**
   * Waits for the greeting, and makes QEMU accept commands.
   *
   * @throws HardwareError CALL_TIMEOUT when the greeting does not come in time, DEVICE_IO when QEMU ends
   */
  async start(): Promise<void> {
    await withTimeLimit({ name: 'start of QEMU', timeoutMs: answerTimeoutMs }, () => this.#greeting.promise)
    await this.execute('qmp_capabilities')
  }

  /**
   * Runs a command.
   *
   * @param options.timeoutMs the longest that the command may take, in milliseconds (default 10 000)
   * @throws HardwareError CALL_FAILED with QEMU's reason, CALL_TIMEOUT, or DEVICE_IO when QEMU ends meanwhile
   */
  execute(
    command: string,
    args: QmpArguments = {},
    { timeoutMs = answerTimeoutMs }: { readonly timeoutMs?: number } = {},
  ): Promise<unknown> {
    const id = this.#nextId++
    const answer = new Promise<unknown>((resolve, reject) => {
      if (this.#isClosed) {
        reject(goneWhile(command))
        return
      }
      this.#waiting.set(id, { name: command, resolve, reject })
      this.#stream.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    })
    return withTimeLimit({ name: `QEMU's ${command}`, timeoutMs }, () => answer).finally(() => this.#waiting.delete(id))
  }

  /**
   * Runs a command that has ended when an event comes.
   *
   * @param event the name of the event, and a function that returns true for the right one
   * @throws HardwareError as {@link Qmp.execute} does
   */
  async executeUntil(
    event: { readonly name: string; readonly matches?: (data: QmpArguments) => boolean },
    command: string,
    args: QmpArguments = {},
    { timeoutMs = answerTimeoutMs }: { readonly timeoutMs?: number } = {},
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const listen = (name: string, data: QmpArguments) => {
      if (name === event.name && event.matches?.(data) !== false) resolve()
    }
    this.on('event', listen)
    try {
      await withTimeLimit({ name: `QEMU's ${command}`, timeoutMs }, async () => {
        await this.execute(command, args, { timeoutMs })
        await Promise.race([promise, this.#closed.promise])
      })
    } finally {
      this.off('event', listen)
    }
  }

  /** Runs a command of QEMU's monitor for people, for functions that the protocol lacks. @returns the monitor's output */
  async executeText(command: string): Promise<string> {
    return String(await this.execute('human-monitor-command', { 'command-line': command }))
  }

  #receive(line: string): void {
    let message: QmpMessage
    try {
      message = JSON.parse(line) as QmpMessage
    } catch {
      return
    }
    if (message.QMP !== undefined) this.#greeting.resolve(undefined)
    if (message.event !== undefined) this.emit('event', message.event, message.data ?? {})
    const waiting = this.#waiting.get(message.id ?? -1)
    if (waiting === undefined) return
    if (message.error === undefined) waiting.resolve(message.return)
    else waiting.reject(new HardwareError('CALL_FAILED', `QEMU refuses ${waiting.name}: ${message.error.desc}`))
  }

  #close(): void {
    this.#isClosed = true
    this.#greeting.reject(goneWhile('its start'))
    this.#closed.reject(goneWhile('a wait'))
    for (const { name, reject } of this.#waiting.values()) reject(goneWhile(name))
  }
}

function goneWhile(name: string): HardwareError {
  return new HardwareError('DEVICE_IO', `QEMU has ended during ${name}`)
}
