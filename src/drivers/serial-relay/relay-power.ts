import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { NoyitoPower } from '../../interfaces/noyito-power.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'

/** Channels of a relay board that switch the power of a device. */
export abstract class RelayPower extends Driver implements Implementation<typeof NoyitoPower> {
  static readonly interface = NoyitoPower
  readonly #channels: readonly number[]
  readonly #isInverted: boolean

  /** @param isInverted true if the device has power while the relays are off */
  protected constructor(channels: readonly number[], isInverted = false) {
    super()
    this.#channels = channels
    this.#isInverted = isInverted
  }

  /** Switches channels of the board, one after another. */
  protected abstract switchChannels(channels: readonly number[], isOn: boolean, signal: AbortSignal): Promise<void>

  /** @returns true for each channel that is on, in the order of `channels` */
  protected abstract readChannels(channels: readonly number[], signal: AbortSignal): Promise<boolean[]>

  async on() {
    await this.switchChannels(this.#channels, !this.#isInverted, callSignal())
  }

  async off() {
    await this.switchChannels(this.#channels, this.#isInverted, callSignal())
  }

  read(): AsyncGenerator<never> {
    throw new HardwareError('NOT_IMPLEMENTED', 'A relay cannot measure')
  }

  /** The state of the power: `on`, `off`, or `partial` if the channels differ. */
  async status(): Promise<string> {
    const states = new Set(await this.readChannels(this.#channels, callSignal()))
    if (states.size !== 1) return 'partial'
    return states.has(!this.#isInverted) ? 'on' : 'off'
  }
}
