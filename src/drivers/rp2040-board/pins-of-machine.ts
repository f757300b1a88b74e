import type * as Rp2040js from 'rp2040js'

import type { MachineOutput } from '../simulated-board/machine.ts'
import { pinNames } from './pins.ts'

/**
 * The pins of a started RP2040. A pin has the level that the lab drives; without one the level that the program drives; without
 * that the level of its pull-up or pull-down resistor.
 */
export class Pins {
  readonly #states: typeof Rp2040js.GPIOPinState
  readonly #chip: Rp2040js.RP2040
  readonly #output: MachineOutput
  readonly #driven = new Map<number, boolean>()

  constructor(states: typeof Rp2040js.GPIOPinState, chip: Rp2040js.RP2040, output: MachineOutput) {
    this.#states = states
    this.#chip = chip
    this.#output = output
    for (const [index, pin] of chip.gpio.entries()) pin.addListener(() => this.#settle(index))
  }

  /** Puts a level on a pin from outside. */
  drive(name: string, high: boolean): void {
    const index = pinNames.indexOf(name)
    this.#driven.set(index, high)
    this.#settle(index)
  }

  /** Reports all pins as low: the processor is reset. */
  release(): void {
    for (const name of pinNames) this.#output.level(name, false)
  }

  #settle(index: number): void {
    const pin = this.#chip.gpio[index]
    const name = pinNames[index]
    if (pin === undefined || name === undefined) return
    const { High, InputPullUp } = this.#states
    const high = pin.value === High || pin.value === InputPullUp
    pin.setInputValue(this.#driven.get(index) ?? high)
    this.#output.level(name, high)
  }
}
