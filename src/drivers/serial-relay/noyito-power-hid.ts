import { findMistakes, ruleFor, rules, throwMistakes } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'
import { now } from '../../base/clock.ts'
import { pause } from '../../base/pause.ts'
import type { Requirement } from '../../base/requirement.ts'
import { requireModule } from '../../driver-kit/requirements.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import { findBoard, type HidPlace, loadHid, withBoard } from './hid-board.ts'
import { RelayPower } from './relay-power.ts'
import { readStates, relayCommand } from './relay-protocol.ts'

/** The USB numbers of the boards of NOYITO, as Jumpstarter's driver has them. */
const defaults = { vendor_id: 5131, product_id: 2007, num_channels: 4, channel: 1 } as const
/** The question for the state of all channels, as Jumpstarter's driver asks it. */
const askState = relayCommand(0x0f, 2)
/** The pause between two commands, in milliseconds. The boards acknowledge nothing. */
const betweenMs = 20
/** The longest that a board may take to tell its state, in milliseconds. */
const stateTimeoutMs = 2_000
/** The longest wait for one report, in milliseconds: a call that is cancelled ends after it. */
const reportTimeoutMs = 100

/** The config of {@link NoyitoPowerHID}. */
export interface NoyitoPowerHIDConfig {
  /** The number of the maker on USB (default 5131). */
  readonly vendor_id?: number | undefined
  /** The number of the product on USB (default 2007). */
  readonly product_id?: number | undefined
  /** The path of the board, where several are attached: `/dev/hidraw0`. */
  readonly path?: string | undefined
  /** The number of channels of the board: 4 or 8 (default 4). */
  readonly num_channels?: 4 | 8 | undefined
  /** The channel (default 1). */
  readonly channel?: number | undefined
  /** True to switch all channels as one (default false). */
  readonly all_channels?: boolean | undefined
}

/**
 * Power by the USB relay board of NOYITO with four or eight channels, which is a HID device and needs no driver of the system. It
 * cannot measure. Other drivers can use the other channels of the board at the same time. Needs the package node-hid.
 *
 * @example
 * ```yaml
 * export:
 *   power:
 *     type: jumpstarter_driver_noyito_relay.driver.NoyitoPowerHID
 *     config: { num_channels: 8, channel: 3 }
 * ```
 */
export class NoyitoPowerHID extends RelayPower {
  static readonly configRules = {
    vendor_id: rules.optional(rules.wholeNumber(0, 0xffff)),
    product_id: rules.optional(rules.wholeNumber(0, 0xffff)),
    path: rules.optional(rules.text),
    num_channels: rules.optional(ruleFor('4 or 8', (value) => value === 4 || value === 8)),
    channel: rules.optional(rules.wholeNumber(1, 8)),
    all_channels: rules.optional(rules.flag),
  }
  readonly #place: HidPlace

  /** Looks for the package node-hid, and for the board. The board is not opened. */
  static async check(config: NoyitoPowerHIDConfig): Promise<readonly Requirement[]> {
    const module = await requireModule('node-hid', loadHid)
    if (!module.isMet) return [module]
    const board = await findBoard(placeOf(config)).then(
      (path): Requirement => ({ name: 'the relay board', isMet: true, found: path }),
      (error: unknown): Requirement => ({
        name: 'the relay board',
        isMet: false,
        found: messageOf(error),
        cure: 'connect the board, or correct vendor_id and product_id',
      }),
    )
    return [module, board]
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: NoyitoPowerHIDConfig = {}) {
    const mistakes = [...findMistakes(config, NoyitoPowerHID.configRules)]
    const count = config.num_channels ?? defaults.num_channels
    const channel = config.channel ?? defaults.channel
    const isAll = config.all_channels === true
    if (mistakes.length === 0 && !isAll && channel > count) {
      mistakes.push(new Mistake(['channel'], `is ${channel}; the board has ${count} channels`))
    }
    throwMistakes(mistakes)
    super(isAll ? Array.from({ length: count }, (_, index) => index + 1) : [channel])
    this.#place = placeOf(config)
  }

  protected switchChannels(channels: readonly number[], isOn: boolean, signal: AbortSignal) {
    const run: Parameters<typeof withBoard<void>>[1] = async (board) => {
      for (const [index, channel] of channels.entries()) {
        if (index > 0) await pause(betweenMs, { signal })
        await board.write(relayCommand(channel, isOn ? 1 : 0))
      }
    }
    return withBoard(this.#place, run, signal)
  }

  protected readChannels(channels: readonly number[], signal: AbortSignal) {
    const run: Parameters<typeof withBoard<boolean[]>>[1] = async (board) => {
      await board.write(askState)
      let text = ''
      for (const started = now(); now() - started < stateTimeoutMs;) {
        const report = await board.read(reportTimeoutMs)
        // A report is filled up with zeros.
        text += (report?.toString('latin1') ?? '').replaceAll('\0', ' ')
        const states = readStates(text, channels)
        if (states !== undefined) return states
      }
      const got = text.trim() === '' ? 'nothing' : JSON.stringify(text.trim())
      throw new HardwareError(
        'RESULT_INVALID',
        `The relay board answers ${got} to the question for the state of its channels`,
      )
    }
    return withBoard(this.#place, run, signal)
  }
}

function placeOf({ vendor_id, product_id, path }: NoyitoPowerHIDConfig): HidPlace {
  return {
    vendorId: vendor_id ?? defaults.vendor_id,
    productId: product_id ?? defaults.product_id,
    path: path ?? undefined,
  }
}
