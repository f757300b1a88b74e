import type { CommandFlasher, CommandFlasherConfig } from '../../../src/drivers/index.ts'
import { intelHexFormat } from '../../../src/drivers/avr-board/intel-hex.ts'
import { arduinoFirmware, startArduino } from '../../support/loaders/arduino.ts'
import type { BoardOnPty, ChipModel } from '../../support/loaders/board-on-pty.ts'
import { appAddress, esp32Image, espHeader, startEsp32Board } from '../../support/loaders/esp32-board.ts'
import { espMagic } from '../../support/loaders/esp32-loader.ts'
import { startStm32Board, stm32Image } from '../../support/loaders/stm32-board.ts'
import { startUf2Board, uf2Image } from '../../support/loaders/uf2-board.ts'

/** A board on which faults can be made while a tool flashes it. */
export interface FlashBench extends AsyncDisposable {
  /** An argument that only the processes of the tool have. */
  readonly argument: string
  readonly image: Uint8Array
  readonly wrongImage: Uint8Array
  readonly isOn: boolean
  /** True if nothing has been written so far. */
  readonly isUntouched: boolean
  flasher(config?: Partial<CommandFlasherConfig>): CommandFlasher
  /** Puts another board there, or the right one again. */
  swap(isWrong: boolean): void
  /** Calls a function in the middle of each write, or none. */
  onWrite(call: (() => void) | undefined): void
  pull(): void
  /** Removes the fault. */
  restore(): Promise<void>
  /** Leaves no room for the image. @returns the image to flash then */
  fill(): Uint8Array
  /** True if the board has the whole image. */
  hasImage(): Promise<boolean>
}

/** The cable of a board on a pseudo terminal. */
function cableOf(board: Pick<BoardOnPty<ChipModel>, 'interrupt' | 'restore'>) {
  let pulled: Promise<void> | undefined
  return {
    pull() {
      pulled ??= board.interrupt()
    },
    async restore() {
      if (pulled === undefined) return
      await pulled
      pulled = undefined
      await board.restore()
    },
  }
}

const nothing = () => undefined

async function avrdudeBench(): Promise<FlashBench> {
  const arduino = await startArduino()
  const { board, loader } = arduino
  return {
    ...cableOf(board),
    argument: board.path,
    image: arduinoFirmware,
    wrongImage: Buffer.from('no image'),
    get isOn() {
      return board.isOn
    },
    get isUntouched() {
      return loader.writtenPages === 0
    },
    flasher: arduino.flasher,
    swap(isWrong) {
      loader.signature = Buffer.from(isWrong ? '1e9307' : '1e950f', 'hex')
    },
    onWrite(call = nothing) {
      loader.beforePage = call
    },
    // A byte at an address that the chip does not have.
    fill: () => Buffer.from(':020000040001F9\n:0100000000FF\n:00000001FF\n'),
    async hasImage() {
      const wanted = await intelHexFormat.write(arduinoFirmware, Buffer.alloc(loader.flash.length, 0xff))
      return loader.flash.equals(wanted)
    },
    [Symbol.asyncDispose]: () => arduino[Symbol.asyncDispose](),
  }
}

async function stm32flashBench(): Promise<FlashBench> {
  const stm32 = await startStm32Board()
  const { board, loader } = stm32
  return {
    ...cableOf(board),
    argument: board.path,
    image: stm32Image,
    wrongImage: Buffer.from('\x7fELF'),
    get isOn() {
      return board.isOn
    },
    get isUntouched() {
      return loader.writtenBlocks === 0
    },
    flasher: stm32.flasher,
    swap(isWrong) {
      loader.productId = isWrong ? 0x413 : 0x410
    },
    onWrite(call = nothing) {
      loader.beforeWrite = call
    },
    fill: () => Buffer.alloc(loader.flash.length + 1024, 'x'),
    hasImage: async () => loader.flash.subarray(0, stm32Image.length).equals(stm32Image),
    [Symbol.asyncDispose]: () => stm32[Symbol.asyncDispose](),
  }
}

async function esptoolBench(): Promise<FlashBench> {
  const esp32 = await startEsp32Board()
  const { board, loader } = esp32
  return {
    ...cableOf(board),
    argument: board.path,
    image: esp32Image,
    wrongImage: Buffer.concat([espHeader(9), esp32Image]),
    get isOn() {
      return board.isOn
    },
    get isUntouched() {
      return loader.writtenBlocks === 0
    },
    flasher: esp32.flasher,
    swap(isWrong) {
      loader.magic = isWrong ? espMagic.esp32s2 : espMagic.esp32
    },
    onWrite(call = nothing) {
      loader.beforeWrite = call
    },
    fill: () => Buffer.alloc(loader.flash.length - appAddress + 1024, 'x'),
    hasImage: async () => loader.flash.subarray(appAddress, appAddress + esp32Image.length).equals(esp32Image),
    [Symbol.asyncDispose]: () => esp32[Symbol.asyncDispose](),
  }
}

async function uf2Bench(): Promise<FlashBench> {
  const rp2040 = await startUf2Board()
  const { drive } = rp2040
  return {
    argument: drive.file,
    image: uf2Image,
    wrongImage: arduinoFirmware,
    get isOn() {
      return drive.isOn
    },
    get isUntouched() {
      return drive.image === undefined
    },
    flasher: rp2040.flasher,
    swap(isWrong) {
      drive.boardId = isWrong ? 'RP2350' : 'RPI-RP2'
    },
    onWrite(call) {
      drive.beforeWrite = call
    },
    // The drive goes, and its power stays on.
    pull: () => drive.remove(),
    async restore() {
      drive.isFull = false
      await drive.close()
    },
    fill() {
      drive.isFull = true
      return uf2Image
    },
    hasImage: async () => drive.image?.equals(uf2Image) === true,
    [Symbol.asyncDispose]: () => rp2040[Symbol.asyncDispose](),
  }
}

/** The benches, by the tool that flashes them. */
export const flashBenches = {
  avrdude: avrdudeBench,
  esptool: esptoolBench,
  stm32flash: stm32flashBench,
  uf2: uf2Bench,
} as const satisfies Readonly<Record<string, () => Promise<FlashBench>>>
