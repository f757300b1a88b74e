import { createHash } from 'node:crypto'

import type { ChipModel } from './board-on-pty.ts'

/** The bytes of RFC 1055, section 3: the end of a packet, an escape, and the escaped forms of both. */
const [end, escape, escapedEnd, escapedEscape] = [0xc0, 0xdb, 0xdc, 0xdd]

/** The commands of the ROM (Espressif, esptool documentation: Serial Protocol, "Commands"). */
const flashBegin = 0x02
const flashData = 0x03
const sync = 0x08
const writeRegister = 0x09
const readRegister = 0x0a
const readFlash = 0x0e
const flashMd5 = 0x13
/** Commands that only have to be accepted: the end of a flash, the parameters of the flash, its pins, and the baud rate. */
const accepted = [0x04, 0x0b, 0x0d, 0x0f]

/** The status of a command that the ROM does not have, and of data that it does not take (same page, "Status bytes"). */
const [invalidMessage, failedToAct] = [0x05, 0x06]

/** The registers that esptool reads (ESP32 Technical Reference Manual: memory map, SPI registers, eFuse block 0). */
const magicRegister = 0x4000_1000
const spiCommandRegister = 0x3ff4_2000
const spiUserCommandRegister = 0x3ff4_2024
const spiWordRegister = 0x3ff4_2080
const macRegister = 0x3ff5_a004
const uartDividerRegister = 0x3ff4_0014
/** The clock of 40 MHz through the baud rate of 115200. */
const uartDivider = 347
/** The command of flash chips that tells their id (JEDEC standard 216, RDID). */
const readFlashId = 0x9f
/** A chip of Winbond with 256 KiB. */
const flashId = 0x12_40_ef

const sectorBytes = 4096

/** The magic numbers by which esptool tells these two from each other. */
export const espMagic = { esp32: 0x00f0_1d83, esp32s2: 0x0000_07c6, unknown: 0x1234_5678 } as const

/** A model of the loader in the ROM of an ESP32, with 256 KiB of flash behind it. */
export class Esp32Loader implements ChipModel {
  readonly flash = Buffer.alloc(256 * 1024, 0xff)
  magic: number = espMagic.esp32
  mac = '24:0a:c4:12:34:56'
  /** Is called before each block is written, with its address. */
  beforeWrite: (address: number) => void = () => undefined
  /** The byte of flash that changes with each write: a cell that is worn out. */
  worn = -1
  writtenBlocks = 0
  readonly #send: (bytes: Uint8Array) => void
  readonly #registers = new Map<number, number>()
  #packet: number[] = []
  #isEscaped = false
  /** The place of the next block. */
  #address = 0
  #blockBytes = 0

  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send
  }

  powerOn(): void {
    this.#packet = []
    this.#isEscaped = false
    const mac = Buffer.from(this.mac.replaceAll(':', ''), 'hex')
    this.#registers.clear()
    this.#registers.set(magicRegister, this.magic)
    this.#registers.set(uartDividerRegister, uartDivider)
    this.#registers.set(macRegister, mac.readUInt32BE(2))
    this.#registers.set(macRegister + 4, mac.readUInt16BE(0))
  }

  receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === end) {
        if (this.#packet.length > 0) this.#execute(Buffer.from(this.#packet))
        this.#packet = []
      } else if (byte === escape) {
        this.#isEscaped = true
      } else {
        const plain = byte === escapedEnd ? end : escape
        this.#packet.push(this.#isEscaped ? plain : byte)
        this.#isEscaped = false
      }
    }
  }

  #execute(packet: Buffer): void {
    if (packet.length < 8 || packet[0] !== 0) return
    const command = packet.readUInt8(1)
    const sum = packet.readUInt32LE(4)
    const data = packet.subarray(8)
    if (data.length !== packet.readUInt16LE(2)) return this.#fail(command, invalidMessage)
    switch (command) {
      case sync:
        // The ROM answers eight times.
        for (let count = 0; count < 8; count++) this.#answer(command, { value: 0x2012_0707 })
        return
      case readRegister:
        return this.#answer(command, { value: this.#registers.get(data.readUInt32LE(0)) ?? 0 })
      case writeRegister:
        this.#writeRegister(data.readUInt32LE(0), data.readUInt32LE(4))
        return this.#answer(command)
      case flashBegin:
        return this.#begin(data)
      case flashData:
        return this.#write(data, sum)
      case readFlash: {
        const [from, count] = [data.readUInt32LE(0), data.readUInt32LE(4)]
        const block = Buffer.alloc(64)
        this.flash.copy(block, 0, from, from + count)
        return this.#answer(command, { data: block })
      }
      case flashMd5: {
        const [from, count] = [data.readUInt32LE(0), data.readUInt32LE(4)]
        const hash = createHash('md5').update(this.flash.subarray(from, from + count))
        return this.#answer(command, { data: Buffer.from(hash.digest('hex'), 'latin1') })
      }
      default:
        return accepted.includes(command) ? this.#answer(command) : this.#fail(command, invalidMessage)
    }
  }

  #writeRegister(address: number, value: number): void {
    this.#registers.set(address, value)
    if (address !== spiCommandRegister) return
    // A command of the flash chip is carried out at once.
    this.#registers.set(spiCommandRegister, 0)
    const isId = ((this.#registers.get(spiUserCommandRegister) ?? 0) & 0xff) === readFlashId
    if (isId) this.#registers.set(spiWordRegister, flashId)
  }

  #begin(data: Buffer): void {
    const address = data.readUInt32LE(12)
    const last = address + data.readUInt32LE(0)
    if (last > this.flash.length) return this.#fail(flashBegin, failedToAct)
    this.flash.fill(0xff, address, Math.ceil(last / sectorBytes) * sectorBytes)
    this.#address = address
    this.#blockBytes = data.readUInt32LE(8)
    this.#answer(flashBegin)
  }

  #write(data: Buffer, sum: number): void {
    const block = data.subarray(16)
    const address = this.#address + data.readUInt32LE(4) * this.#blockBytes
    const found = block.reduce((total, byte) => total ^ byte, 0xef)
    if (block.length !== data.readUInt32LE(0) || found !== sum) return this.#fail(flashData, failedToAct)
    this.beforeWrite(address)
    block.copy(this.flash, address)
    if (this.worn >= 0) this.flash.writeUInt8(this.flash.readUInt8(this.worn) ^ 1, this.worn)
    this.writtenBlocks++
    this.#answer(flashData)
  }

  #fail(command: number, reason: number): void {
    this.#reply(command, 0, Buffer.of(1, reason, 0, 0))
  }

  #answer(command: number, { value = 0, data = Buffer.alloc(0) } = {}): void {
    this.#reply(command, value, Buffer.concat([data, Buffer.alloc(4)]))
  }

  #reply(command: number, value: number, data: Buffer): void {
    const head = Buffer.of(1, command, 0, 0, 0, 0, 0, 0)
    head.writeUInt16LE(data.length, 2)
    head.writeUInt32LE(value, 4)
    const escaped = [...head, ...data].flatMap((byte) => {
      if (byte === end) return [escape, escapedEnd]
      return byte === escape ? [escape, escapedEscape] : [byte]
    })
    this.#send(Uint8Array.from([end, ...escaped, end]))
  }
}
