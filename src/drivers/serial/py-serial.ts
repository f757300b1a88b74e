import type { Duplex } from 'node:stream'

import { HardwareError, messageOf } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { lineEndLabel, lineEnds, type ModemLines, SerialPort } from '../../interfaces/serial.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkConfig, rules } from '../../base/check.ts'
import { pause } from '../../base/pause.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { withoutUndefined } from '../../base/without-undefined.ts'
import { defaultLineSettings, type LineSettings, lineSettingRules } from './line-settings.ts'
import { controlLineState } from './control-line.ts'
import type { ControlLines, SerialLine, LineEvents } from './serial-line.ts'
import { Loop } from './loop.ts'
import { lineUrlRule, openLine, requireLine } from './open-line.ts'
import { requireDevice } from './require-device.ts'
import { SharedPort } from './shared-port.ts'
import { parseSerialUrl, type SerialUrl } from './url.ts'
import { listUsbPorts } from './usb-ports.ts'
import { findUsbPort } from './usb-url.ts'

/** The longest break, in milliseconds: enough for every system request of a console. */
const maxBreakMs = 10_000

/** The config of {@link PySerial}. */
export interface PySerialConfig {
  /**
   * A device (`/dev/ttyUSB0`, `usb://0403:6001?serial_number=FTB3KVPN`), `socket://host:port` for raw TCP, `rfc2217://host:port`, or
   * `loop://`, which echoes. A `usb://` URL can have `serial_number`, `interface` and `location` (the USB socket: `1-1.2`);
   * `hwgrep://0403:6001.*SER=FTB3` is a regular expression for the path, the description or the hardware id of a USB port.
   */
  readonly url: string
  /** Bits a second (default 115200). */
  readonly baudrate?: number | undefined
  /** Bits of a character (default 8). */
  readonly data_bits?: LineSettings['dataBits'] | undefined
  readonly parity?: LineSettings['parity'] | undefined
  readonly stop_bits?: LineSettings['stopBits'] | undefined
  /** True if a session only starts when the device exists (default true). */
  readonly check_present?: boolean | undefined
  /** The most characters that are sent in a second, for devices that lose faster input (default: no limit). */
  readonly cps?: number | undefined
  /** True if DTR keeps its level when the port is closed (default false). A change of DTR resets many boards. */
  readonly disable_hupcl?: boolean | undefined
  /** The end of lines that the device expects (default `cr`, as a keyboard's Enter sends). Consoles of clients type it. */
  readonly line_end?: 'cr' | 'lf' | 'crlf' | undefined
}

/**
 * A serial port, `loop://`, or a port behind `socket://`; any number of readers at once. The port is open while clients use it,
 * and all clients share it: each client receives all that the device sends while that client is connected, and each can send.
 *
 * @example
 * ```yaml
 * export:
 *   console:
 *     type: jumpstarter_driver_pyserial.driver.PySerial
 *     config: { url: /dev/serial/by-id/usb-FTDI_TTL232R-3V3_FTB3KVPN-if00-port0, baudrate: 115200 }
 * ```
 */
export class PySerial extends Driver implements Implementation<typeof SerialPort> {
  static readonly interface = SerialPort
  static readonly configRules = {
    url: lineUrlRule,
    baudrate: rules.optional(lineSettingRules.baudRate),
    data_bits: rules.optional(lineSettingRules.dataBits),
    parity: rules.optional(lineSettingRules.parity),
    stop_bits: rules.optional(lineSettingRules.stopBits),
    check_present: rules.optional(rules.flag),
    cps: rules.optional(rules.amount),
    disable_hupcl: rules.optional(rules.flag),
    line_end: rules.optional(rules.oneOf(...lineEnds.keys())),
  }
  readonly #config: PySerialConfig
  readonly #url: SerialUrl
  readonly #port: SharedPort
  /** The loops of the streams. Each stream of `loop://` has another loop, as in Jumpstarter. */
  readonly #loops = new Set<Loop>()

  /** Looks for the device, or for the port to connect to. It does not open a device, because that resets many boards. */
  static check({ url }: PySerialConfig, options?: CheckOptions): Promise<readonly Requirement[]> {
    return requireLine(url, options)
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: PySerialConfig) {
    super()
    checkConfig(config, PySerial.configRules)
    this.#config = config
    if (config.line_end !== undefined) this.labels[lineEndLabel] = config.line_end
    this.#url = parseSerialUrl(config.url) ?? { kind: 'loop' }
    this.#port = new SharedPort({
      name: config.url,
      charsPerSecond: this.#charsPerSecond,
      open: (events) => this.#open(events),
      warn: (error) => this.logger.warning(`closing ${config.url}: ${messageOf(error)}`),
    })
  }

  /** @throws HardwareError DEVICE_IO when the device does not exist */
  override async reset() {
    // A program that listens at a socket may start later.
    if (this.#config.check_present === false) return
    if (this.#url.kind === 'device') await requireDevice(this.#url.path)
    if (this.#url.kind === 'usb') findUsbPort(this.#config.url, this.#url.search, await listUsbPorts())
  }

  connect(): Promise<Duplex> | Duplex {
    if (this.#url.kind !== 'loop') return this.#port.connect(callSignal())
    const loop = new Loop(this.#charsPerSecond)
    this.#loops.add(loop)
    return loop.on('close', () => this.#loops.delete(loop))
  }

  /** Closes the port for all clients. A client can call it, and the end of the session does. The next connection opens the port again. */
  override async close() {
    for (const loop of this.#loops) loop.close()
    await this.#port.close()
  }

  async setDtr(active: boolean) {
    await this.#set({ dtr: controlLineState(active) })
  }

  async setRts(active: boolean) {
    await this.#set({ rts: controlLineState(active) })
  }

  /** Changes settings of the open port, for drivers that serve it. @returns the settings that are in force now */
  change(settings: Partial<LineSettings>): Promise<LineSettings> {
    const unchanged = { ...this.settings, ...settings }
    return this.#port.use((line) => line.change?.(settings) ?? unchanged, callSignal())
  }

  /** The settings that the port is opened with. */
  get settings(): LineSettings {
    const { baudrate: baudRate, data_bits: dataBits, parity, stop_bits: stopBits } = this.#config
    return { ...defaultLineSettings, ...withoutUndefined({ baudRate, dataBits, parity, stopBits }) }
  }

  async sendBreak(durationMs = 250) {
    if (!(durationMs > 0 && durationMs <= maxBreakMs)) {
      const message = `The break has ${durationMs} ms; it can have up to ${maxBreakMs}`
      throw new HardwareError('ARGUMENT_INVALID', message)
    }
    const signal = callSignal()
    if (!this.#hasLines) return this.#ignore('break')
    await this.#port.use(async (line) => {
      await line.set?.({ brk: true })
      try {
        await pause(durationMs, { signal })
      } finally {
        // Also if the client has gone.
        await line.set?.({ brk: false })
      }
    }, signal)
  }

  /** @throws HardwareError NOT_IMPLEMENTED for a port without lines */
  async modemLines(): Promise<ModemLines> {
    const none = new HardwareError('NOT_IMPLEMENTED', `${this.#config.url} has no modem lines`)
    if (!this.#hasLines) throw none
    return this.#port.use((line) => line.modemLines?.() ?? Promise.reject(none), callSignal())
  }

  /** Begins or ends a break, for drivers that serve this port. */
  async setBreak(active: boolean) {
    await this.#set({ brk: active })
  }

  async #set(lines: Partial<ControlLines>) {
    if (this.#hasLines) await this.#port.use((line) => line.set?.(lines), callSignal())
    else this.#ignore(Object.keys(lines).join().toUpperCase())
  }

  get #hasLines(): boolean {
    return this.#url.kind !== 'loop' && this.#url.kind !== 'socket'
  }

  #ignore(what: string): void {
    this.logger.info(`${this.#config.url} has no ${what}; nothing is set`)
  }

  get #charsPerSecond(): number | undefined {
    // 0 is no limit, as in Jumpstarter.
    return this.#config.cps || undefined
  }

  #open(events: LineEvents): Promise<SerialLine> {
    const { url, disable_hupcl: keepDtr } = this.#config
    const warn = (message: string) => this.logger.warning(message)
    return openLine({ url, ...this.settings, keepDtr, warn }, events)
  }
}
