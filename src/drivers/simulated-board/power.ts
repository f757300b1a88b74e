import { SimulatedPower } from '../simulated-power.ts'
import type { Simulator } from './simulator.ts'

/** The power of a simulated microcontroller. `off` clears the RAM and the registers; the flash keeps its content without power. */
export class MicrocontrollerPower extends SimulatedPower {
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
    await this.#simulator.tell({ type: 'erase' })
    await this.#simulator.program(this.#simulator.eraseFlash())
  }
}
