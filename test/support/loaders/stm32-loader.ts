import type { ChipModel } from './board-on-pty.ts'
import { CommandQueue } from './command-queue.ts'

/** The bytes of AN3155 (USART protocol used in the STM32 bootloader), sections 2 and 3. */
const [init, ack, nack] = [0x7f, 0x79, 0x1f]
/** Get, Get Version, Get ID, Read Memory, Go, Write Memory and Extended Erase. */
const commands = [0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44]
const flashAddress = 0x0800_0000
const pageBytes = 1024

/** A model of the loader in the ROM of an STM32F103 of medium density: 128 KiB of flash in pages of 1 KiB. */
export class Stm32Loader implements ChipModel {
  readonly flash = Buffer.alloc(128 * 1024, 0xff)
  /** The product id: medium density (AN2606, table of device ids). */
  productId = 0x410
  /** Is called before each block is written, with its address. */
  beforeWrite: (address: number) => void = () => undefined
  /** The byte of flash that changes with each write: a cell that is worn out. */
  worn = -1
  writtenBlocks = 0
  /** The address at which the loader has started the program. */
  startedAt: number | undefined
  readonly #send: (bytes: Uint8Array) => void
  #queue = new CommandQueue()

  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send
  }

  powerOn(): void {
    this.startedAt = undefined
    this.#queue = new CommandQueue()
    void this.#serve(this.#queue)
  }

  receive(bytes: Uint8Array): void {
    this.#queue.push(bytes)
  }

  async #serve(queue: CommandQueue): Promise<void> {
    while ((await queue.read(1))[0] !== init);
    this.#answer(ack)
    while (this.startedAt === undefined) {
      const [command = 0, complement] = await queue.read(2)
      if (complement !== (command ^ 0xff) || !commands.includes(command)) {
        this.#answer(nack)
        continue
      }
      this.#answer(ack)
      await this.#execute(command, queue)
    }
  }

  async #execute(command: number, queue: CommandQueue): Promise<void> {
    switch (command) {
      case 0x00:
        return this.#answer(commands.length, 0x22, ...commands, ack)
      case 0x01:
        return this.#answer(0x22, 0, 0, ack)
      case 0x02:
        return this.#answer(1, this.productId >> 8, this.productId & 0xff, ack)
      case 0x44:
        return this.#erase(queue)
      default:
    }
    const head = await queue.read(5)
    const address = head.readUInt32BE(0)
    if (xor(head) !== 0) return this.#answer(nack)
    if (command === 0x21) {
      this.startedAt = address
      return this.#answer(ack)
    }
    const offset = address - flashAddress
    if (offset < 0 || offset >= this.flash.length) {
      // stm32flash reads a word of the system memory, and lives without it.
      return this.#answer(nack)
    }
    this.#answer(ack)
    return command === 0x11 ? this.#read(offset, queue) : this.#write(offset, queue)
  }

  async #read(offset: number, queue: CommandQueue): Promise<void> {
    const [last = 0, complement] = await queue.read(2)
    if (complement !== (last ^ 0xff)) return this.#answer(nack)
    this.#answer(ack, ...this.flash.subarray(offset, offset + last + 1))
  }

  async #write(offset: number, queue: CommandQueue): Promise<void> {
    const [last = 0] = await queue.read(1)
    const rest = await queue.read(last + 2)
    if ((xor(rest) ^ last) !== 0) return this.#answer(nack)
    this.beforeWrite(flashAddress + offset)
    rest.copy(this.flash, offset, 0, last + 1)
    if (this.worn >= 0) this.flash.writeUInt8(this.flash.readUInt8(this.worn) ^ 1, this.worn)
    this.writtenBlocks++
    this.#answer(ack)
  }

  async #erase(queue: CommandQueue): Promise<void> {
    const head = await queue.read(2)
    const number = head.readUInt16BE(0)
    const isSpecial = number >= 0xfff0
    const pages = await queue.read(isSpecial ? 1 : 2 * (number + 1) + 1)
    if ((xor(head) ^ xor(pages)) !== 0) return this.#answer(nack)
    const numbers = isSpecial ? [] : Array.from({ length: number + 1 }, (_, index) => pages.readUInt16BE(2 * index))
    if (isSpecial) this.flash.fill(0xff)
    for (const page of numbers) this.flash.fill(0xff, page * pageBytes, (page + 1) * pageBytes)
    this.#answer(ack)
  }

  #answer(...bytes: readonly number[]): void {
    this.#send(Uint8Array.from(bytes))
  }
}

function xor(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum ^ byte, 0)
}
