import type * as Rp2040js from 'rp2040js'

import { ByteQueue } from '../simulated-board/byte-queue.ts'
import type { Machine, MachineKind, MachineOutput } from '../simulated-board/machine.ts'
import { bootStageBytes, isBootable } from './boot-stage.ts'
import { createRemarks } from './remarks.ts'
import { Pins } from './pins-of-machine.ts'
import { watchdogOf } from './watchdog.ts'

/** Loads the second stage of the boot there, as the boot ROM does (RP2040 Datasheet, section 2.8.1.3). */
const bootStageAddress = 0x2004_1f00
const ramAddress = 0x2000_0000
/** UARTFR.RXFF: the queue for received bytes is full (RP2040 Datasheet, section 4.2.8). */
const receiveQueueFull = 1 << 6
/** The bits of a byte on the line: start, 8 data bits, stop. */
const bitsOfByte = 10
/** The speed of bytes for a UART that the program has not set up; they are lost. In bit/s. */
const usualBaudRate = 115_200
const nsPerMs = 1e6

/** An RP2040. It keeps nothing without power but its flash. */
export class Rp2040Kind implements MachineKind {
  readonly #library: typeof Rp2040js

  constructor(library: typeof Rp2040js) {
    this.#library = library
  }

  powerOn(flash: Uint8Array, output: MachineOutput): Machine {
    return new Rp2040Machine(this.#library, flash, output)
  }

  erase(): void {}
}

/** What one start of the processor needs: a reset by the watchdog makes everything anew but the RAM. */
interface Started {
  readonly clock: Rp2040js.Simulator['clock']
  readonly chip: Rp2040js.RP2040
  readonly pins: Pins
  /** Sends the next waiting byte to the UART when it is due. */
  readonly feed: () => void
}

/** A powered RP2040. The boot ROM is not simulated: its work at the start is done here, and a program cannot call its functions. */
class Rp2040Machine implements Machine {
  readonly #library: typeof Rp2040js
  readonly #flash: Uint8Array
  readonly #output: MachineOutput
  readonly #queue = new ByteQueue()
  readonly #driven = new Map<string, boolean>()
  #started: Started
  /** The time of the starts before the last reset, in nanoseconds. */
  #earlierNs = 0
  /** True while a byte is on its way to the UART. */
  #isFeeding = false
  #isHalted = false
  #resets = false

  constructor(library: typeof Rp2040js, flash: Uint8Array, output: MachineOutput) {
    this.#library = library
    this.#flash = flash
    this.#output = output
    this.#started = this.#start()
  }

  get timeMs(): number {
    return (this.#earlierNs + this.#started.clock.nanos) / nsPerMs
  }

  drive(pin: string, high: boolean): void {
    this.#driven.set(pin, high)
    this.#started.pins.drive(pin, high)
  }

  send(bytes: Uint8Array, done: () => void): void {
    this.#queue.push(bytes, done)
    this.#started.feed()
  }

  dropQueue(): void {
    this.#queue.clear()
  }

  run(untilMs: number, stop: () => boolean): boolean {
    while (this.timeMs < untilMs && !stop()) {
      const isAsleep = this.#runBriefly(untilMs * nsPerMs - this.#earlierNs)
      if (isAsleep) return true
      if (this.#resets) this.#reset()
    }
    return false
  }

  /** Runs some thousand cycles. @returns true if the processor sleeps and no timer will wake it */
  #runBriefly(untilNs: number): boolean {
    const { clock, chip } = this.#started
    for (let count = 0; count < 1_000 && clock.nanos < untilNs && !this.#resets; count++) {
      if (!this.#isHalted && !chip.core.waiting) {
        clock.tick((chip.core.executeInstruction() * 1e9) / chip.clkSys)
        continue
      }
      // Timers that are due now come first: the clock gives the same answer for them and for none.
      clock.tick(0)
      if (!this.#isHalted && !chip.core.waiting) continue
      const toNextNs = clock.nanosToNextAlarm
      if (toNextNs === 0 && untilNs === Infinity) return true
      clock.tick(toNextNs === 0 ? untilNs - clock.nanos : Math.min(toNextNs, untilNs - clock.nanos))
    }
    return false
  }

  /** Does the work of a reset and of the boot ROM. @param before the processor before the reset, which keeps its RAM */
  #start(before?: Rp2040js.RP2040): Started {
    const { clock, rp2040: chip } = new this.#library.Simulator()
    chip.logger = createRemarks((text) => this.#output.remark(text))
    chip.onBreak = () => this.#halt('The program has run into a breakpoint instruction')
    chip.flash.set(this.#flash)
    if (before !== undefined) chip.sram.set(before.sram)
    const [uart] = chip.uart
    if (uart !== undefined) uart.onByte = (value) => this.#output.byte(value)
    const watchdog = watchdogOf(chip, before)
    watchdog.onWatchdogTrigger = () => {
      this.#resets = true
    }
    const pins = new Pins(this.#library.GPIOPinState, chip, this.#output)
    for (const [pin, high] of this.#driven) pins.drive(pin, high)
    this.#isHalted = false
    if (isBootable(this.#flash)) {
      chip.sram.set(this.#flash.subarray(0, bootStageBytes), bootStageAddress - ramAddress)
      chip.core.SP = bootStageAddress
      chip.core.LR = 0
      chip.core.PC = bootStageAddress
    } else {
      this.#halt('The flash has no program with a second boot stage: the board waits for one, as in its boot loader')
    }
    return { clock, chip, pins, feed: this.#createFeed(clock, uart) }
  }

  #createFeed(clock: Started['clock'], uart: Rp2040js.RP2040['uart'][number] | undefined): () => void {
    const arrive = clock.createAlarm(() => {
      const byte = this.#queue.take()
      const isHeard = uart?.enabled === true && uart.rxEnabled && (uart.flags & receiveQueueFull) === 0
      if (byte !== undefined && isHeard) uart.feedByte(byte)
      this.#isFeeding = false
      feed()
    })
    const feed = () => {
      if (this.#isFeeding || !this.#queue.hasNext) return
      this.#isFeeding = true
      const baudRate = uart?.enabled === true ? uart.baudRate : usualBaudRate
      arrive.schedule((bitsOfByte * 1e9) / baudRate)
    }
    return feed
  }

  #reset(): void {
    const { clock, chip, pins } = this.#started
    this.#resets = false
    this.#isFeeding = false
    this.#earlierNs += clock.nanos
    pins.release()
    this.#started = this.#start(chip)
    this.#started.feed()
  }

  #halt(remark: string): void {
    this.#isHalted = true
    this.#output.remark(remark)
  }
}
