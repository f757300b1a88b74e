import { readRelays, switchRelays } from './relay-line.ts'
import { RelayPower } from './relay-power.ts'

/** Channels of a relay board on a serial line, which switch the power of a device. */
export abstract class SerialRelay extends RelayPower {
  readonly #url: string

  /** @param isInverted true if the device has power while the relays are off */
  protected constructor(url: string, channels: readonly number[], isInverted = false) {
    super(channels, isInverted)
    this.#url = url
  }

  protected switchChannels(channels: readonly number[], isOn: boolean, signal: AbortSignal) {
    return switchRelays(this.#url, channels, isOn, signal)
  }

  protected readChannels(channels: readonly number[], signal: AbortSignal) {
    return readRelays(this.#url, channels, signal)
  }
}
