import type * as Avr from 'avr8js'

import { ByteQueue } from '../simulated-board/byte-queue.ts'
import type { Machine, MachineKind, MachineOutput } from '../simulated-board/machine.ts'
import { ports } from './pins.ts'

/** The clock of an Arduino Uno (ATmega328P data sheet, section 9; Arduino Uno schematic). */
const clockHz = 16_000_000
/** ATmega328P data sheet, section 8. */
const eepromBytes = 1024
const ramBytes = 2048

/** An ATmega328P, with its EEPROM. */
export class AvrKind implements MachineKind {
  readonly #avr: typeof Avr
  #eeprom: Avr.EEPROMMemoryBackend

  constructor(avr: typeof Avr) {
    this.#avr = avr
    this.#eeprom = new avr.EEPROMMemoryBackend(eepromBytes)
  }

  powerOn(flash: Uint8Array, output: MachineOutput): Machine {
    return new AvrMachine(this.#avr, { flash, eeprom: this.#eeprom }, output)
  }

  erase(): void {
    this.#eeprom = new this.#avr.EEPROMMemoryBackend(eepromBytes)
  }
}

/** The memories that keep their content without power. */
interface Memory {
  readonly flash: Uint8Array
  readonly eeprom: Avr.EEPROMMemoryBackend
}

/** A powered ATmega328P. */
class AvrMachine implements Machine {
  readonly #avr: typeof Avr
  readonly #cpu: Avr.CPU
  readonly #uart: Avr.AVRUSART
  readonly #pins = new Map<string, { readonly port: Avr.AVRIOPort; readonly index: number }>()
  readonly #queue = new ByteQueue()

  constructor(avr: typeof Avr, { flash, eeprom }: Memory, output: MachineOutput) {
    this.#avr = avr
    this.#cpu = new avr.CPU(new Uint16Array(flash.buffer, flash.byteOffset, flash.byteLength / 2), ramBytes)
    for (const config of [avr.timer0Config, avr.timer1Config, avr.timer2Config]) new avr.AVRTimer(this.#cpu, config)
    new avr.AVREEPROM(this.#cpu, eeprom)
    this.#uart = new avr.AVRUSART(this.#cpu, avr.usart0Config, clockHz)
    this.#uart.onByteTransmit = (value) => output.byte(value)
    this.#uart.onRxComplete = () => this.#feed()
    const configs = { B: avr.portBConfig, C: avr.portCConfig, D: avr.portDConfig }
    for (const [name, pins] of Object.entries(ports)) this.#addPort(configs[name as keyof typeof ports], pins, output)
  }

  #addPort(config: Avr.AVRPortConfig, pins: readonly string[], output: MachineOutput): void {
    const port = new this.#avr.AVRIOPort(this.#cpu, config)
    const levels = pins.map(() => false)
    for (const [index, pin] of pins.entries()) this.#pins.set(pin, { port, index })
    port.addListener(() => {
      for (const [index, pin] of pins.entries()) {
        const state = port.pinState(index)
        const high = state === this.#avr.PinState.High || state === this.#avr.PinState.InputPullUp
        if (levels[index] === high) continue
        levels[index] = high
        output.level(pin, high)
      }
    })
  }

  get timeMs(): number {
    return this.#cpu.cycles / (clockHz / 1000)
  }

  drive(pin: string, high: boolean): void {
    const place = this.#pins.get(pin)
    place?.port.setPin(place.index, high)
  }

  send(bytes: Uint8Array, done: () => void): void {
    this.#queue.push(bytes, done)
    this.#feed()
  }

  dropQueue(): void {
    this.#queue.clear()
  }

  #feed(): void {
    while (this.#queue.hasNext && !this.#uart.rxBusy) {
      const byte = this.#queue.take()
      if (byte !== undefined && this.#uart.rxEnable) this.#uart.writeByte(byte)
    }
  }

  run(untilMs: number, stop: () => boolean): boolean {
    const cpu = this.#cpu
    const cycles = untilMs * (clockHz / 1000)
    while (cpu.cycles < cycles && !stop()) {
      const end = Math.min(cycles, cpu.cycles + 4_000)
      while (cpu.cycles < end) {
        this.#avr.avrInstruction(cpu)
        cpu.tick()
      }
    }
    // The simulator has no sleep: the processor always works.
    return false
  }
}
