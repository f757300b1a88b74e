import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { NoyitoPower } from '../../interfaces/noyito-power.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { readRelays, switchRelays } from './relay-line.ts'

/** Channels of a relay board on a serial line, which switch the power of a device. */
export abstract class SerialRelay extends Driver implements Implementation<typeof NoyitoPower> {
  static readonly interface = NoyitoPower
  readonly #url: string
  readonly #channels: readonly number[]
  readonly #isInverted: boolean

  /** @param isInverted true if the device has power while the relays are off */
  protected constructor(url: string, channels: readonly number[], isInverted = false) {
    super()
    this.#url = url
    this.#channels = channels
    this.#isInverted = isInverted
  }

  async on() {
    await switchRelays(this.#url, this.#channels, !this.#isInverted, callSignal())
  }

  async off() {
    await switchRelays(this.#url, this.#channels, this.#isInverted, callSignal())
  }

  read(): AsyncGenerator<never> {
    throw new HardwareError('NOT_IMPLEMENTED', 'A relay cannot measure')
  }

  /** The state of the power: `on`, `off`, or `partial` if the channels differ. */
  async status(): Promise<string> {
    const states = new Set(await readRelays(this.#url, this.#channels, callSignal()))
    if (states.size !== 1) return 'partial'
    return states.has(!this.#isInverted) ? 'on' : 'off'
  }
}
