import type { Duplex } from 'node:stream'

import { HardwareError, messageOf } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Serial } from '../../interfaces/serial.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkConfig, type ConfigRule, rules } from '../check-config.ts'
import { openDeviceLine } from './device-line.ts'
import type { ControlLines, Line, LineEvents } from './line.ts'
import { Loop } from './loop.ts'
import { requireDevice } from './presence.ts'
import { SharedPort } from './shared-port.ts'
import { openSocketLine } from './socket-line.ts'
import { parseSerialUrl, type SerialUrl } from './url.ts'

/** What {@link PySerial} is configured with. */
export interface PySerialConfig {
  /** A device (`/dev/ttyUSB0`), `socket://host:port` for raw TCP, or `loop://`, which echoes. */
  readonly url: string
  /** Bits a second (default 115200). */
  readonly baudrate?: number
  /** Whether a session only starts when the device is there (default true). */
  readonly check_present?: boolean
  /** How many characters a second are sent at the most, for devices that lose what comes faster (default: no limit). */
  readonly cps?: number
  /** Whether DTR stays as it is when the port is closed (default false); many boards are reset by its change. */
  readonly disable_hupcl?: boolean
}

const url: ConfigRule = (value) => {
  const missing = rules.text(value)
  if (missing !== undefined || parseSerialUrl(String(value)) !== undefined) return missing
  return `is ${JSON.stringify(value)}; it can be the path of a device, socket://host:port or loop://`
}

/**
 * A serial port of the exporter's machine. It is open while clients use it, and all of them share it: each has everything
 * that comes while it is connected, and what each sends reaches the device.
 *
 * @example
 * ```yaml
 * export:
 *   console:
 *     type: jumpstarter_driver_pyserial.driver.PySerial
 *     config: { url: /dev/serial/by-id/usb-FTDI_TTL232R-3V3_FTB3KVPN-if00-port0, baudrate: 115200 }
 * ```
 */
export class PySerial extends Driver implements Implementation<typeof Serial> {
  static readonly interface = Serial
  readonly #config: PySerialConfig
  readonly #url: SerialUrl
  readonly #port: SharedPort
  /** Every stream of a looped port is a loop of its own, as upstream has it. */
  readonly #loops = new Set<Loop>()

  /** @throws TypeError with all mistakes of the config */
  constructor(config: PySerialConfig) {
    super()
    checkConfig(config, {
      url,
      baudrate: rules.optional(rules.count),
      check_present: rules.optional(rules.flag),
      cps: rules.optional(rules.amount),
      disable_hupcl: rules.optional(rules.flag),
    })
    this.#config = config
    this.#url = parseSerialUrl(config.url) ?? { kind: 'loop' }
    this.#port = new SharedPort({
      name: config.url,
      charsPerSecond: this.#charsPerSecond,
      open: (events) => this.#open(events),
      warn: (error) => this.logger.warning(`closing ${config.url}: ${messageOf(error)}`),
    })
  }

  /** @throws HardwareError DEVICE_IO when the device is not there */
  override async reset() {
    // What listens at a socket may be started after this.
    if (this.#url.kind === 'device' && this.#config.check_present !== false) await requireDevice(this.#url.path)
  }

  connect(): Promise<Duplex> | Duplex {
    if (this.#url.kind !== 'loop') return this.#port.connect(callSignal())
    const loop = new Loop(this.#charsPerSecond)
    this.#loops.add(loop)
    return loop.on('close', () => this.#loops.delete(loop))
  }

  /** Closes the port for everybody, by a client or at the session's end; the next to connect opens it again. */
  override async close() {
    for (const loop of this.#loops) loop.close()
    await this.#port.close()
  }

  async setDtr(active: boolean) {
    await this.#set({ dtr: asFlag(active) })
  }

  async setRts(active: boolean) {
    await this.#set({ rts: asFlag(active) })
  }

  async #set(lines: Partial<ControlLines>) {
    if (this.#url.kind === 'device') await this.#port.set(lines, callSignal())
    else this.logger.info(`${this.#config.url} has no ${Object.keys(lines).join().toUpperCase()}; nothing is set`)
  }

  get #charsPerSecond(): number | undefined {
    // 0 is no limit, as upstream has it.
    return this.#config.cps || undefined
  }

  #open(events: LineEvents): Promise<Line> {
    if (this.#url.kind === 'socket') return openSocketLine(this.#url, events)
    const options = {
      path: this.#config.url,
      baudRate: this.#config.baudrate ?? 115_200,
      keepDtr: this.#config.disable_hupcl === true,
      warn: (message: string) => this.logger.warning(message),
    }
    return openDeviceLine(options, events)
  }
}

function asFlag(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new HardwareError('ARGUMENT_INVALID', `The line is set to ${JSON.stringify(value)}; it can be true or false`)
}
