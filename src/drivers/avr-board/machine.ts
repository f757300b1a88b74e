import type * as Avr from 'avr8js'

import { ports } from './pins.ts'

/** The clock of an Arduino Uno (ATmega328P data sheet, section 9; Arduino Uno schematic). */
export const clockHz = 16_000_000
/** ATmega328P data sheet, section 8. */
const eepromBytes = 1024
const ramBytes = 2048

/** Receives the output of the machine. */
export interface MachineOutput {
  byte(value: number): void
  level(pin: string, high: boolean): void
}

/** The memories that keep their content without power. */
export interface Memory {
  readonly flash: Uint8Array
  readonly eeprom: Avr.EEPROMMemoryBackend
}

/** Makes an EEPROM in its state of delivery. */
export function createEeprom(avr: typeof Avr): Avr.EEPROMMemoryBackend {
  return new avr.EEPROMMemoryBackend(eepromBytes)
}

/** A powered ATmega328P. It is made at each power-on, and dropped with all its state at each power-off. */
export class Machine {
  readonly #avr: typeof Avr
  readonly #cpu: Avr.CPU
  readonly #uart: Avr.AVRUSART
  readonly #pins = new Map<string, { readonly port: Avr.AVRIOPort; readonly index: number }>()
  /** The bytes that wait for the UART, and the function to call when they have been sent. */
  readonly #queue: { readonly bytes: Uint8Array; next: number; readonly done: () => void }[] = []

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

  get cycles(): number {
    return this.#cpu.cycles
  }

  /** Puts a level on a pin from outside. */
  drive(pin: string, high: boolean): void {
    const place = this.#pins.get(pin)
    place?.port.setPin(place.index, high)
  }

  /** Queues bytes for the UART. They are lost while its receiver is off, as on a wire. */
  send(bytes: Uint8Array, done: () => void): void {
    this.#queue.push({ bytes, next: 0, done })
    this.#feed()
  }

  /** Drops the bytes that wait for the UART, at a power-off. */
  dropQueue(): void {
    for (const { done } of this.#queue.splice(0)) done()
  }

  #feed(): void {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      const byte = first.bytes[first.next]
      if (byte === undefined) {
        this.#queue.shift()
        first.done()
        continue
      }
      if (this.#uart.rxBusy) return
      first.next++
      if (this.#uart.rxEnable) this.#uart.writeByte(byte)
    }
  }

  /** Runs until the clock has reached `cycles`, or until `stop`, which is called every few thousand cycles, returns true. */
  run(cycles: number, stop: () => boolean): void {
    const cpu = this.#cpu
    while (cpu.cycles < cycles && !stop()) {
      const end = Math.min(cycles, cpu.cycles + 4_000)
      while (cpu.cycles < end) {
        this.#avr.avrInstruction(cpu)
        cpu.tick()
      }
    }
  }
}
