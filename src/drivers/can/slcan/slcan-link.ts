import { untilAborted } from '../../../base/abort.ts'
import { wallClock } from '../../../base/clock.ts'
import { pause } from '../../../base/pause.ts'
import { retry } from '../../../base/retry.ts'
import { DeviceConnection } from '../../../driver-kit/device-connection.ts'
import { HardwareError, messageOf } from '../../../errors.ts'
import { type LineStream, openLineStream } from '../../serial/open-line.ts'
import type { Frame } from '../frame.ts'
import type { BusState, CanEvents, CanLink } from '../link.ts'
import { AdapterClock } from './adapter-clock.ts'
import { encodeFrame } from './frame-text.ts'
import { describeFlags, readFlags } from './status-flags.ts'
import { SlcanLine } from './slcan-line.ts'

/** The longest that an adapter may take to answer, in milliseconds: a frame waits for a busy bus in its queue. */
const answerTimeoutMs = 2_000
/** The longest that an adapter may take to be ready: boards that begin anew when their port is opened take two seconds. */
const readyTimeoutMs = 6_000
/** The time between two questions if it is ready, in milliseconds. */
const readyIntervalMs = 300
/** The time in which answers to an earlier program arrive, in milliseconds. */
const settleMs = 50
/** The longest wait for late answers to our own questions, in milliseconds. */
const lateAnswerMs = 1_000

/** The settings of {@link SlcanLink}. */
export interface SlcanSettings {
  /** The address of the line, as in {@link openLineStream}. */
  readonly url: string
  /** Bits a second of the line. */
  readonly baudRate: number
  /** The commands that come before the opening of the channel, such as `S6`. */
  readonly setUp: readonly string[]
  /** The command that opens the channel: `O`, or `L` to listen only. */
  readonly openCommand: string
  readonly hasTimeStamps: boolean
  /** False for an adapter that never answers a command. */
  readonly acknowledges: boolean
}

interface OpenAdapter {
  readonly line: SlcanLine
  readonly stream: LineStream
}

/**
 * An adapter with the protocol of Lawicel's CANUSB and CAN232 on a serial line. A command waits for the answer to the one before. A
 * command that has begun is done to its end, also for a caller that has gone: another one would get its answer.
 */
export class SlcanLink implements CanLink {
  readonly #settings: SlcanSettings
  readonly #name: string
  readonly #events: CanEvents
  readonly #connection: DeviceConnection<OpenAdapter>

  constructor(settings: SlcanSettings, events: CanEvents) {
    this.#settings = settings
    this.#events = events
    this.#name = `the CAN adapter at ${settings.url}`
    this.#connection = new DeviceConnection({
      name: this.#name,
      open: (ended, signal) => this.#open(ended, signal),
      close: (adapter) => this.#close(adapter),
      lateOrigin: 'lab',
    })
  }

  open(signal: AbortSignal): Promise<void> {
    return this.#use(signal, async () => undefined)
  }

  async send(frame: Frame, signal: AbortSignal): Promise<void> {
    const command = encodeFrame(frame)
    const refusal = await this.#use(signal, async ({ line }) => {
      if (!this.#settings.acknowledges) return line.send(command)
      const { isRefused } = await line.ask(command, { timeoutMs: answerTimeoutMs })
      return isRefused ? describeFlags(await readFlags(line, answerTimeoutMs)) : undefined
    })
    // The answer is complete, so that the connection can be kept.
    if (typeof refusal !== 'string') return
    const message = `${this.#name} refuses the frame ${command}: ${refusal}`
    throw new HardwareError('DEVICE_IO', message, { origin: 'lab' })
  }

  async state(signal: AbortSignal): Promise<BusState> {
    if (!this.#settings.acknowledges) return 1
    const flags = (await this.#use(signal, ({ line }) => readFlags(line, answerTimeoutMs))) ?? new Set()
    if (flags.has('bus error')) return 3
    return flags.has('error passive') ? 2 : 1
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  /** Runs a command. A caller that has gone before its turn gives the turn away. */
  async #use<R>(signal: AbortSignal, run: (adapter: OpenAdapter) => Promise<R>): Promise<R | undefined> {
    const used = this.#connection.use((adapter) => (signal.aborted ? Promise.resolve(undefined) : run(adapter)))
    return untilAborted(used, signal)
  }

  async #open(ended: (reason?: unknown) => void, signal: AbortSignal): Promise<OpenAdapter> {
    const { url, baudRate, setUp, openCommand, acknowledges, hasTimeStamps } = this.#settings
    let hasFailed = false
    const stream = await openLineStream({
      url,
      baudRate,
      signal,
      ended: (reason) => {
        if (!hasFailed) ended(reason)
      },
      warn: (text) => this.#events.warn(text),
    }).catch((cause: unknown) => {
      throw new HardwareError('DEVICE_IO', `Cannot reach ${this.#name}: ${messageOf(cause)}`, { cause, origin: 'lab' })
    })
    const clock = new AdapterClock()
    const line = new SlcanLine(this.#name, stream.stream, {
      frame: ({ frame, stampMs }) => {
        const timeMs = hasTimeStamps && stampMs !== undefined ? clock.timeOf(stampMs) : wallClock()
        this.#events.frame({ ...frame, timeMs })
      },
      unknown: (text) => this.#events.warn(`${this.#name} sends ${JSON.stringify(text)}, which is no frame`),
    })
    try {
      if (acknowledges) await this.#waitUntilReady(line, signal)
      // The channel may be open from an earlier use.
      else await line.send('C')
      for (const command of [...setUp, openCommand]) {
        if (acknowledges) await this.#setUp(line, command)
        else await line.send(command)
      }
      return { line, stream }
    } catch (error) {
      hasFailed = true
      await stream.close()
      throw error
    }
  }

  /** Closes the channel, which an earlier use may have left open, until the adapter answers. A closed channel is refused with BEL. */
  async #waitUntilReady(line: SlcanLine, signal: AbortSignal): Promise<void> {
    const options = { firstWaitMs: 1, maxWaitMs: 1, timeoutMs: readyTimeoutMs, isRetryable: isLate, signal }
    try {
      await retry(() => line.ask('C', { timeoutMs: readyIntervalMs }), options)
    } catch (error) {
      if (!isLate(error)) throw error
      const cure =
        'check its power and tty_baudrate; one that never answers, such as a CANable 2, needs acknowledge: false'
      throw new HardwareError('DEVICE_IO', `${this.#name} does not answer: ${cure}`, { origin: 'lab' })
    }
    await pause(settleMs, { signal })
    await line.settle({ timeoutMs: lateAnswerMs, signal })
  }

  async #setUp(line: SlcanLine, command: string): Promise<void> {
    const { isRefused } = await line.ask(command, { timeoutMs: answerTimeoutMs })
    if (!isRefused) return
    const why = { S: 'bitrate', Y: 'data_bitrate', Z: 'timestamps', L: 'listen_only' }[command.charAt(0)]
    const cure =
      why === undefined ? 'it may have no bit rate; set bitrate' : `it cannot do what ${why} of the config says`
    throw new HardwareError('DEVICE_IO', `${this.#name} refuses the command '${command}': ${cure}`, { origin: 'lab' })
  }

  /** Closes the channel: an open one would go on to acknowledge frames on the bus. */
  async #close({ line, stream }: OpenAdapter): Promise<void> {
    this.#events.lost(new HardwareError('DEVICE_IO', `Lost ${this.#name}`, { origin: 'lab' }))
    // The answer would be that to a command of the next use. A line that is gone takes no command.
    const closed = this.#settings.acknowledges ? line.ask('C', { timeoutMs: lateAnswerMs }) : line.send('C')
    await closed.catch(() => undefined)
    await stream.close()
  }
}

const isLate = (error: unknown) => error instanceof HardwareError && error.code === 'CALL_TIMEOUT'
