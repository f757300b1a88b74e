import { isRecord, throwMistakes } from '../../base/check.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import {
  IsoTp as contract,
  type IsoTpAddress,
  type IsoTpAsymmetricAddress,
  type IsoTpMessage,
} from '../../interfaces/iso-tp.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { CanPort } from '../can/channel.ts'
import { planChannel, requireBus } from '../can/config.ts'
import { findAddressMistakes } from './address.ts'
import { findIsoTpMistakes, isoTpRules, type IsoTpPythonConfig } from './config.ts'
import { completeParams, type IsoTpParams } from './params.ts'
import { type Route, routeOf } from './route.ts'
import { Transport } from './transport.ts'

/**
 * One end of a connection with ISO-TP (ISO 15765-2) on a CAN bus: messages of up to 4,095 bytes and more, with flow control. Its name is
 * that of Jumpstarter's driver; it needs no Python. Drivers of `Can` and of this kind can share a bus.
 *
 * @example
 * ```yaml
 * export:
 *   isotp:
 *     type: jumpstarter_driver_can.driver.IsoTpPython
 *     config:
 *       interface: slcan
 *       channel: /dev/ttyACM0
 *       bitrate: 500000
 *       address: { txid: 0x7e0, rxid: 0x7e8 }
 *       params: { tx_padding: 0 }
 * ```
 */
export class IsoTpPython extends Driver implements Implementation<typeof contract> {
  static readonly interface = contract
  static readonly configRules = isoTpRules
  readonly #params: IsoTpParams
  readonly #port: CanPort
  #route: Route
  #transport: Transport | undefined

  static check(config: IsoTpPythonConfig, options?: CheckOptions): Promise<readonly Requirement[]> {
    return requireBus(config, options)
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: IsoTpPythonConfig) {
    super()
    throwMistakes(findIsoTpMistakes(config))
    this.#params = completeParams(config.params)
    this.#route = routeOf(config.address)
    this.#port = new CanPort(planChannel(config), {
      frame: (frame) => this.#transport?.frame(frame),
      lost: (error) => this.#transport?.lost(error),
      warn: (message) => this.logger.warning(message),
    })
  }

  /** Begins to listen. It changes nothing if the driver listens already. */
  async start() {
    await this.#port.open(callSignal())
    this.#transport ??= new Transport({
      route: this.#route,
      params: this.#params,
      transmit: (frame, signal) => this.#port.send(frame, signal),
      warn: (message) => this.logger.warning(message),
    })
  }

  /** Ends the messages under way, drops those that wait, and leaves the bus. */
  async stop() {
    this.#transport?.close(new HardwareError('NOT_READY', 'The ISO-TP connection was stopped', { origin: 'test' }))
    this.#transport = undefined
    await this.#port.close()
  }

  /** Sends a message. It waits for the end only with a time limit, or with `blocking_send`; else failures are in the log. */
  async send(message: IsoTpMessage, targetAddressType: number | null = null, sendTimeout: number | null = null) {
    const bytes = bytesOf(message)
    const timeoutMs = milliseconds(sendTimeout, 'the time limit')
    const type = targetAddressType ?? this.#params.default_target_address_type
    if (type !== 0 && type !== 1) throw new RangeError(`the target address type is ${String(type)}, not 0 or 1`)
    const transport = this.#started()
    transport.checkOutgoing(bytes, type === 1)
    const signal = callSignal()
    await this.#port.open(signal)
    const what = `a message of ${bytes.length} bytes`
    if (sendTimeout !== null || this.#params.blocking_send) {
      const limit = { name: `the sending of ${what}`, timeoutMs, signal }
      await withTimeLimit(limit, (ended) => transport.send(bytes, type === 1, ended))
      return
    }
    void transport.send(bytes, type === 1).catch((error: unknown) => {
      if (this.#transport === transport) this.logger.warning(`Could not send ${what}: ${messageOf(error)}`)
    })
  }

  async recv(block: boolean | null = false, timeout: number | null = null): Promise<IsoTpMessage> {
    const timeoutMs = milliseconds(timeout, 'the time limit')
    const transport = this.#started()
    const signal = callSignal()
    await this.#port.open(signal)
    const message = await transport.receive(block === true ? timeoutMs : 0, signal)
    return { data: message?.toString('base64') ?? null }
  }

  available() {
    return this.#transport?.isAvailable ?? false
  }

  transmitting() {
    return this.#transport?.isSending ?? false
  }

  /** Changes the address until the session ends. A message that is being sent keeps the one it has. */
  setAddress(address: IsoTpAddress | IsoTpAsymmetricAddress) {
    const mistakes = findAddressMistakes(address)
    if (mistakes.length > 0) throw new RangeError(mistakes.join('; '))
    this.#route = routeOf(address)
    if (this.#transport !== undefined) this.#transport.route = this.#route
  }

  stopSending() {
    this.#transport?.stopSending()
  }

  stopReceiving() {
    this.#transport?.stopReceiving()
  }

  override async close() {
    await this.stop()
  }

  #started(): Transport {
    if (this.#transport !== undefined) return this.#transport
    throw new HardwareError('NOT_READY', 'The ISO-TP connection has not been started; call start()', { origin: 'test' })
  }
}

function bytesOf(message: unknown): Buffer {
  const data = isRecord(message) ? message['data'] : undefined
  const bytes = Buffer.from(typeof data === 'string' ? data : '', 'base64')
  if (bytes.length === 0) throw new RangeError('a message has to be an object with data in base64, at least one byte')
  return bytes
}

/** @param value seconds; null has no limit */
function milliseconds(value: unknown, what: string): number {
  if (value === null) return Infinity
  if (typeof value !== 'number' || !(value >= 0)) throw new RangeError(`${what} has to be a number of seconds`)
  return value * 1000
}
