import type { Duplex } from 'node:stream'

import { withTimeLimit } from '../../../base/time-limit.ts'
import { messageOf } from '../../../errors.ts'
import type { ModemLines } from '../../../interfaces/serial.ts'
import { defaultLineSettings, type LineSettings } from '../line-settings.ts'
import { type ControlLines, controlNames } from '../serial-line.ts'
import { answerOffset, comPort, controlValue, controlValues, settingCodecs } from './com-port.ts'
import { ModemWatch } from './modem-watch.ts'

/** A serial port that is served: any driver with the methods of `Serial`, and more of them if it has more. */
export interface ServedPort {
  connect(): Duplex | Promise<Duplex>
  /** The settings of the open port. */
  readonly settings?: LineSettings | undefined
  /** Changes settings of the open port. @returns those that are in force now */
  change?(settings: Partial<LineSettings>): Promise<LineSettings>
  setDtr?(isOn: boolean): void | Promise<void>
  setRts?(isOn: boolean): void | Promise<void>
  setBreak?(isOn: boolean): void | Promise<void>
  modemLines?(): Promise<ModemLines>
}

/** Options of {@link ServerCommands}. */
interface ServerCommandsOptions {
  readonly port: ServedPort
  /** Sends an answer. */
  answer(command: number, payload: Uint8Array): void
  /** Stops and starts the data for the client. */
  suspend(isOn: boolean): void
  /** Gets what the port could not do. */
  warn(message: string): void
}

/** The values of SET-CONTROL for no flow control, both ways and inbound. */
const noFlowControl = { both: 1, inbound: 14 } as const
/** The values of SET-CONTROL that are about inbound flow control; 17 and 19 are outbound. */
const inboundFlow: readonly number[] = [13, 14, 15, 16, 18]
/** The highest value of SET-CONTROL. */
const lastControl = 19
/** The longest that a port may take to read its lines before the first answer, in milliseconds. pyserial waits 3 s for an answer. */
const firstLinesTimeoutMs = 2_000

/**
 * The commands of a client of RFC 2217. Each is answered with the values that are in force. A port without control lines, such as a
 * pseudo terminal, answers as if it had them: clients such as pyserial set DTR when they open a port, and do not open it otherwise.
 */
export class ServerCommands {
  readonly #options: ServerCommandsOptions
  readonly #original: LineSettings
  #settings: LineSettings
  // The kernel makes DTR and RTS active when it opens a port.
  #lines: ControlLines = { dtr: true, rts: true, brk: false }
  readonly #modem: ModemWatch | undefined
  readonly #ended = new AbortController()
  /** Ends when the client knows the lines that the other side drives. */
  #started: Promise<void> | undefined

  constructor(options: ServerCommandsOptions) {
    const { port } = options
    this.#options = options
    if (port.modemLines !== undefined) {
      const read = async () => port.modemLines?.() ?? Promise.reject(new Error('no lines'))
      const notify = comPort.notifyModemState + answerOffset
      this.#modem = new ModemWatch(read, (bits) => options.answer(notify, Buffer.of(bits)))
    }
    this.#original = options.port.settings ?? defaultLineSettings
    this.#settings = this.#original
  }

  /** Takes a command. */
  async take([command = -1, ...rest]: Buffer): Promise<void> {
    // Also without its WILL: pyserial sends none when this side's DO is there before its own turn.
    this.start()
    await this.#started
    const payload = Buffer.from(rest)
    const answer = await this.#run(command, payload)
    if (answer !== undefined) this.#options.answer(command + answerOffset, answer)
  }

  /**
   * Begins to tell the client the lines that the other side of the port drives. It gets them before the first answer: clients such as
   * pyserial take the port as open then, and fail when they are asked for a line that nobody has told them.
   */
  start(): void {
    const modem = this.#modem
    if (modem === undefined) return
    const { signal } = this.#ended
    const limit = { name: 'the first look at the modem lines', timeoutMs: firstLinesTimeoutMs, signal }
    // A port that takes longer tells them later.
    this.#started ??= withTimeLimit(limit, () => modem.start(signal)).catch(() => undefined)
  }

  /** Gives the port back as it was, if it is still there. */
  async restore(): Promise<void> {
    this.#ended.abort()
    if (this.#settings !== this.#original) await this.#options.port.change?.(this.#original).catch(() => undefined)
    if (this.#lines.brk) await this.#set('brk', false)
  }

  async #run(command: number, payload: Buffer): Promise<Uint8Array | undefined> {
    const codec = settingCodecs.find((known) => known.command === command)
    if (codec !== undefined) {
      const wanted = codec.decode(payload)
      if (wanted !== undefined) await this.#change(wanted)
      return codec.encode(this.#settings)
    }
    switch (command) {
      case comPort.setControl:
        return this.#control(payload[0] ?? 0)
      case comPort.signature:
        return payload.length > 0 ? undefined : Buffer.from('vitest-hardware')
      case comPort.flowControlSuspend:
      case comPort.flowControlResume:
        this.#options.suspend(command === comPort.flowControlSuspend)
        return undefined
      case comPort.notifyModemState:
        // A port without lines has no answer.
        await this.#modem?.tell({ always: true }).catch(() => undefined)
        return undefined
      case comPort.setModemStateMask:
        if (this.#modem !== undefined) this.#modem.mask = payload[0] ?? 0xff
        return payload.subarray(0, 1)
      case comPort.setLineStateMask:
      case comPort.purgeData:
        return payload.subarray(0, 1)
      default:
        return undefined
    }
  }

  async #control(value: number): Promise<Uint8Array | undefined> {
    for (const line of controlNames) {
      const { ask, on, off } = controlValues[line]
      if (value === on || value === off) await this.#set(line, value === on)
      if ([ask, on, off].includes(value)) return Buffer.of(controlValue(line, this.#lines[line]))
    }
    if (value > lastControl) return undefined
    return Buffer.of(inboundFlow.includes(value) ? noFlowControl.inbound : noFlowControl.both)
  }

  async #change(wanted: Partial<LineSettings>): Promise<void> {
    const { port } = this.#options
    try {
      // A port that can change nothing is no UART, and any setting is as good as another.
      this.#settings = (await port.change?.(wanted)) ?? { ...this.#settings, ...wanted }
    } catch (error) {
      this.#options.warn(messageOf(error))
    }
  }

  async #set(line: keyof ControlLines, isOn: boolean): Promise<void> {
    const { port } = this.#options
    this.#lines = { ...this.#lines, [line]: isOn }
    try {
      if (line === 'dtr') await port.setDtr?.(isOn)
      if (line === 'rts') await port.setRts?.(isOn)
      if (line === 'brk') await port.setBreak?.(isOn)
    } catch (error) {
      this.#options.warn(messageOf(error))
    }
  }
}
