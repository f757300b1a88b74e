import { EventEmitter } from 'node:events'

import { Mutex } from '../../base/mutex.ts'
import type { SimulatedPins } from '../simulated-lines.ts'
import type { Machine, RunningMachine } from './machine.ts'
import type { Qtest } from './qtest.ts'

/** The path of the microcontroller in QEMU's tree of devices, and QEMU's name for its inputs. */
const device = '/machine/nrf51'
const inputs = 'unnamed-gpio-in'
/** The registers for the levels of the pins and for their directions (nRF51 Series Reference Manual, chapter 14). */
const outRegister = 0x5000_0504
const directionRegister = 0x5000_0514

/** The pins of a micro:bit, P0.0 to P0.31, by their numbers. */
export class MicrobitPins extends EventEmitter<{ level: [pin: string, high: boolean] }> implements SimulatedPins {
  readonly #machine: Machine
  /** The levels that the lab drives. They stay when the board loses its power. */
  readonly #driven = new Map<number, boolean>()
  /** The pins that the board drives high, as of the last event. */
  #high = 0
  /** True while this class writes pins itself. Those changes are not emitted. */
  #quiet = false
  /** Emits changes in their order. */
  readonly #changes = new Mutex()

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

  /** Connects the lab's lines to a board whose processor is stopped, after a power-on, a reset or the load of a snapshot. */
  async attach({ qtest, qmp }: RunningMachine): Promise<void> {
    if (qtest.listenerCount('irq') === 0) {
      qtest.on('irq', (pin, raised) => {
        if (!this.#quiet) this.#follow(qtest, pin, raised)
      })
      // A reset clears the levels at the inputs.
      qmp.on('event', (name) => {
        if (name === 'RESET') this.#driveAll(qtest).catch(() => undefined)
      })
      await qtest.watchOutputs(device)
    } else {
      // QEMU reports a level only when it differs from the last report, and the load of a snapshot reports nothing.
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
    void this.#changes.run(async () => {
      // QEMU also reports a raised pin when the pin becomes an input, which the board no longer drives.
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
