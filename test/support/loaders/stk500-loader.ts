import { setTimeout } from 'node:timers/promises'

import type { ChipModel } from './board-on-pty.ts'
import { CommandQueue } from './command-queue.ts'

/** The answers, and the end of each command (AVR061: STK500 Communication Protocol, section 4). */
const [inSync, ok, failed, endOfCommand] = [0x14, 0x10, 0x11, 0x20]

/** The command that only wants an answer (same page). */
const getSync = 0x30
/** The time in which questions that wait in the terminal arrive, in milliseconds. */
const questionsMs = 20

/** The bytes of a command after its first one, without its end; those that are not here have none. */
const lengths: Readonly<Record<number, number>> = { 0x41: 1, 0x42: 20, 0x45: 5, 0x55: 2, 0x56: 4, 0x74: 3 }

/** The signature of an ATmega328P (data sheet, section 27.3). */
const atmega328p = Buffer.from('1e950f', 'hex')

/** A model of optiboot, the boot loader of an Arduino Uno, with the protocol STK500 in version 1. */
export class Stk500Loader implements ChipModel {
  readonly flash = Buffer.alloc(32 * 1024, 0xff)
  signature: Uint8Array = atmega328p
  /** Is called before each page is written, with its address. */
  beforePage: (address: number) => void = () => undefined
  /** Is called when the programmer leaves the loader. */
  left: () => void = () => undefined
  /** The bytes of flash that change when they are written: a cell that is worn out. */
  worn = -1
  writtenPages = 0
  readonly #send: (bytes: Uint8Array) => void
  #queue = new CommandQueue()

  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send
  }

  powerOn(): void {
    this.#queue = new CommandQueue()
    void this.#serve(this.#queue)
  }

  receive(bytes: Uint8Array): void {
    this.#queue.push(bytes)
  }

  async #serve(queue: CommandQueue): Promise<void> {
    let address = 0
    for (;;) {
      const [command = 0] = await queue.read(1)
      const args = await queue.read(lengths[command] ?? (command === 0x64 ? 3 : 0))
      const size = command === 0x64 || command === 0x74 ? args.readUInt16BE(0) : 0
      const data = await queue.read(command === 0x64 ? size : 0)
      const [end] = await queue.read(1)
      if (end !== endOfCommand) {
        this.#send(Buffer.of(failed))
        continue
      }
      if (command === getSync) {
        // avrdude asks three times, and ignores the first two answers if each comes within a quarter of a second. A model that a busy
        // machine has held up finds several questions: a second answer would be taken for that to a later command.
        await setTimeout(questionsMs)
        if (queue.startsWith(Buffer.of(getSync, endOfCommand))) continue
      }
      if (command === 0x55) address = 2 * args.readUInt16LE(0)
      this.#send(Buffer.from([inSync, ...this.#execute(command, { args, data, size, address }), ok]))
    }
  }

  /** @returns the data of the answer */
  #execute(
    command: number,
    { args, data, size, address }: { args: Buffer; data: Buffer; size: number; address: number },
  ): Uint8Array {
    switch (command) {
      case 0x41:
        // The version of the software is 4.4, as optiboot has it.
        return Buffer.of(args[0] === 0x81 || args[0] === 0x82 ? 4 : 3)
      case 0x56:
        // The command of the chip itself that reads a byte of the signature.
        return Buffer.of(args[0] === 0x30 ? (this.signature[(args[2] ?? 0) % 4] ?? 0) : 0)
      case 0x64:
        this.beforePage(address)
        data.copy(this.flash, address)
        if (this.worn >= 0) this.flash.writeUInt8(this.flash.readUInt8(this.worn) ^ 1, this.worn)
        this.writtenPages++
        return Buffer.alloc(0)
      case 0x74:
        return this.flash.subarray(address, address + size)
      case 0x75:
        return this.signature
      case 0x51:
        this.left()
        return Buffer.alloc(0)
      default:
        return Buffer.alloc(0)
    }
  }
}
