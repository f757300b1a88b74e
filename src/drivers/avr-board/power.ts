import type { Implementation } from '../../interfaces/define.ts'
import { VirtualPower } from '../../interfaces/virtual-power.ts'
import { HardwareError } from '../../errors.ts'
import { Driver } from '../../runtime/driver.ts'
import { eraseFlash } from './flasher.ts'
import type { Simulator } from './simulator.ts'

/** The board's power. Off clears its RAM and registers; its program and EEPROM stay, unless they shall be destroyed. */
export class AvrPower extends Driver implements Implementation<typeof VirtualPower> {
  static readonly interface = VirtualPower
  readonly #simulator: Simulator

  constructor(simulator: Simulator) {
    super()
    this.#simulator = simulator
  }

  on() {
    return this.#simulator.tell({ type: 'power', on: true })
  }

  async off(destroy?: boolean | null) {
    await this.#simulator.tell({ type: 'power', on: false })
    if (destroy !== true) return
    await this.#simulator.tell({ type: 'eraseEeprom' })
    await this.#simulator.tell({ type: 'program', flash: eraseFlash() })
  }

  // oxlint-disable-next-line require-yield -- there is nothing to measure
  async *read(): AsyncGenerator<never> {
    throw new HardwareError('NOT_IMPLEMENTED', 'A simulated board draws no current')
  }
}
