import { findMistakes, isInteger, ruleFor, rules } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'
import { withoutUndefined } from '../../base/without-undefined.ts'
import { canFdLengths } from '../../interfaces/can.ts'

/** The parameters of ISO-TP, with Jumpstarter's names and defaults. */
export interface IsoTpParams {
  /** The separation time that senders have to keep: 0 to 127 milliseconds, or 0xf1 to 0xf9 for 100 to 900 microseconds (default 0). */
  readonly stmin: number
  /** The frames that senders may send before they wait for flow control (default 8); 0 has no limit. */
  readonly blocksize: number
  /** The most bytes of a frame: 8, or up to 64 with CAN FD (default 8). */
  readonly tx_data_length: number
  /** The least bytes of a frame. Shorter ones are padded (default: no limit). */
  readonly tx_data_min_length: number | null
  /** The separation time to keep in place of the receiver's, in seconds (default: the receiver's). */
  readonly override_receiver_stmin: number | null
  /** The longest wait for flow control, in milliseconds (default 1000). */
  readonly rx_flowcontrol_timeout: number
  /** The longest wait for the next frame of a message, in milliseconds (default 1000). */
  readonly rx_consecutive_frame_timeout: number
  /** The byte that fills frames to eight bytes (default: frames are as short as they can be). */
  readonly tx_padding: number | null
  /** The number of times that a receiver may ask to wait, one after another (default 0). */
  readonly wftmax: number
  /** The longest message that is received, in bytes (default 4095). */
  readonly max_frame_size: number
  /** True to send frames of CAN FD (default false). Frames above eight bytes always are. */
  readonly can_fd: boolean
  /** True to send the data of CAN FD frames faster (default false). */
  readonly bitrate_switch: boolean
  /** 0 to send to one receiver, 1 to all, where the call does not say it (default 0). */
  readonly default_target_address_type: number
  /** True to limit the bits a second of the data that are sent (default false). */
  readonly rate_limit_enable: boolean
  /** The limit, in bits a second (default 10 000 000). */
  readonly rate_limit_max_bitrate: number
  /** The time over which the limit is a mean, in seconds (default 0.2). */
  readonly rate_limit_window_size: number
  /** True to receive without flow control, and to send nothing (default false). */
  readonly listen_mode: boolean
  /** True to end each `send` when its message is sent (default false: only one with a time limit waits). */
  readonly blocking_send: boolean
}

const defaults: IsoTpParams = {
  stmin: 0,
  blocksize: 8,
  tx_data_length: 8,
  tx_data_min_length: null,
  override_receiver_stmin: null,
  rx_flowcontrol_timeout: 1_000,
  rx_consecutive_frame_timeout: 1_000,
  tx_padding: null,
  wftmax: 0,
  max_frame_size: 4_095,
  can_fd: false,
  bitrate_switch: false,
  default_target_address_type: 0,
  rate_limit_enable: false,
  rate_limit_max_bitrate: 10_000_000,
  rate_limit_window_size: 0.2,
  listen_mode: false,
  blocking_send: false,
}

const byte = rules.optional(rules.wholeNumber(0, 0xff))
const flag = rules.optional(rules.flag)
const count = rules.optional(rules.wholeNumber(0, Number.MAX_SAFE_INTEGER))

const paramRules = {
  // Other values are reserved (ISO 15765-2, 9.6.5.5).
  stmin: rules.optional(
    ruleFor('a number of milliseconds from 0 to 127, or 0xf1 to 0xf9', (value) => {
      return isInteger(value, 0, 0x7f) || isInteger(value, 0xf1, 0xf9)
    }),
  ),
  blocksize: byte,
  tx_data_length: rules.optional(lengthOf(8)),
  tx_data_min_length: rules.optional(lengthOf(1)),
  override_receiver_stmin: rules.optional(rules.amount),
  rx_flowcontrol_timeout: count,
  rx_consecutive_frame_timeout: count,
  tx_padding: byte,
  wftmax: count,
  // The sender of a first frame chooses the length, and the memory for it is taken at once.
  max_frame_size: rules.optional(rules.wholeNumber(0, 2 ** 24)),
  can_fd: flag,
  bitrate_switch: flag,
  default_target_address_type: rules.optional(rules.wholeNumber(0, 1)),
  rate_limit_enable: flag,
  rate_limit_max_bitrate: rules.optional(rules.count),
  rate_limit_window_size: rules.optional(rules.seconds),
  listen_mode: flag,
  blocking_send: flag,
}

function lengthOf(least: number) {
  const lengths = canFdLengths.filter((length) => length >= least)
  return ruleFor(`one of ${lengths.join(', ')}`, (value) => (lengths as readonly unknown[]).includes(value))
}

/** Fills the parameters of a config with the defaults. `null` means the same as a missing key. */
export function completeParams(given: Partial<IsoTpParams> | null | undefined): IsoTpParams {
  const set = Object.entries(given ?? {}).map(([key, value]) => [key, value ?? undefined] as const)
  return { ...defaults, ...withoutUndefined(Object.fromEntries(set)) }
}

/** Finds the mistakes of the parameters of a config. */
export function findParamMistakes(given: unknown): readonly Mistake[] {
  const mistakes = findMistakes(given, paramRules, ['params'])
  if (mistakes.length > 0) return mistakes
  const params = completeParams(given as Partial<IsoTpParams>)
  const { tx_data_length: most, tx_data_min_length: least, rate_limit_max_bitrate: rate } = params
  return [
    ...(least !== null && least > most
      ? [new Mistake(['params', 'tx_data_min_length'], 'is above tx_data_length')]
      : []),
    ...(rate * params.rate_limit_window_size < 8 * most
      ? [new Mistake(['params', 'rate_limit_max_bitrate'], 'times rate_limit_window_size has no room for one frame')]
      : []),
  ]
}
