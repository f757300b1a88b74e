import { SimulatedPower } from '../simulated-power.ts'
import { eraseFlash } from './flasher.ts'
import type { Simulator } from './simulator.ts'

/** The power of a simulated Uno. `off` clears the RAM and the registers. The flash and the EEPROM keep their content without power. */
export class AvrPower extends SimulatedPower {
  readonly #simulator: Simulator

  constructor(simulator: Simulator) {
    super()
    this.#simulator = simulator
  }

  override on() {
    return this.#simulator.tell({ type: 'power', on: true })
  }

  override async off(destroy?: boolean | null) {
    await this.#simulator.tell({ type: 'power', on: false })
    if (destroy !== true) return
    await this.#simulator.tell({ type: 'eraseEeprom' })
    await this.#simulator.tell({ type: 'program', flash: eraseFlash() })
  }
}
