import { EventEmitter } from 'node:events'

import type { SimulatedPins } from '../simulated-lines.ts'
import type { Machine, RunningMachine } from './machine.ts'
import type { Qtest } from './qtest.ts'

/** Where QEMU has the microcontroller in its tree of devices, and how it calls the pins as inputs. */
const device = '/machine/nrf51'
const inputs = 'unnamed-gpio-in'
/** nRF51 Series Reference Manual, chapter 14: what is put on the pins, and which of them are outputs. */
const outRegister = 0x5000_0504
const directionRegister = 0x5000_0514

/** The pins of a micro:bit, P0.0 to P0.31, by their numbers. */
export class MicrobitPins extends EventEmitter<{ level: [pin: string, high: boolean] }> implements SimulatedPins {
  readonly #machine: Machine
  /** What the lab drives, which lasts longer than the board's power. */
  readonly #driven = new Map<number, boolean>()
  /** What the board drives high, as far as it has been told. */
  #high = 0
  /** While pins are set that nobody shall see. */
  #quiet = false
  /** Changes are told in their order. */
  #last: Promise<void> = Promise.resolve()

  constructor(machine: Machine) {
    super()
    this.setMaxListeners(0)
    this.#machine = machine
    machine.on('off', () => this.#update(0))
  }

  async level(pin: string): Promise<boolean> {
    const running = this.#machine.running
    return running !== undefined && isSet(await readOutputs(running.qtest), Number(pin))
  }

  async drive(pin: string, high: boolean): Promise<void> {
    this.#driven.set(Number(pin), high)
    const { running } = this.#machine
    await running?.qtest.setInput(device, inputs, Number(pin), high)
  }

  /** Connects the lab's lines to a board whose processor stands still: one just switched on, or in another state now. */
  async attach({ qtest, qmp }: RunningMachine): Promise<void> {
    if (qtest.listenerCount('irq') === 0) {
      qtest.on('irq', (pin, raised) => {
        if (!this.#quiet) this.#follow(qtest, pin, raised)
      })
      // The levels at the inputs are part of what a reset clears.
      qmp.on('event', (name) => {
        if (name === 'RESET') this.#driveAll(qtest).catch(() => undefined)
      })
      await qtest.watchOutputs(device)
    } else {
      // QEMU tells a level only when it differs from what it has told last, and loading a state tells nothing.
      const out = await qtest.read(outRegister)
      this.#quiet = true
      try {
        await qtest.write(outRegister, ~out)
        await qtest.write(outRegister, out)
      } finally {
        this.#quiet = false
      }
    }
    await this.#driveAll(qtest)
    this.#update(await readOutputs(qtest))
  }

  async #driveAll(qtest: Qtest): Promise<void> {
    for (const [pin, high] of this.#driven) await qtest.setInput(device, inputs, pin, high)
  }

  #follow(qtest: Qtest, pin: number, raised: boolean): void {
    this.#last = this.#last.then(async () => {
      // QEMU says that a pin is raised also when it becomes an input, and nothing is put on it any more.
      const high = raised && isSet(await qtest.read(directionRegister).catch(() => 0), pin)
      this.#set(pin, high)
    })
  }

  #update(high: number): void {
    for (let pin = 0; pin < 32; pin++) this.#set(pin, isSet(high, pin))
  }

  #set(pin: number, high: boolean): void {
    if (isSet(this.#high, pin) === high) return
    this.#high ^= 1 << pin
    this.emit('level', String(pin), high)
  }
}

async function readOutputs(qtest: Qtest): Promise<number> {
  return (await qtest.read(outRegister)) & (await qtest.read(directionRegister))
}

function isSet(bits: number, pin: number): boolean {
  return ((bits >>> pin) & 1) === 1
}
