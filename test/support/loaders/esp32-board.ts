import { hasPythonEnvironment, pythonProgram } from '../../../scripts/python-environment.ts'
import { CommandFlasher, type CommandFlasherConfig } from '../../../src/drivers/index.ts'
import { reasonToSkip } from '../system-part.ts'
import { startBoardOnPty } from './board-on-pty.ts'
import { Esp32Loader } from './esp32-loader.ts'

/** The address for applications in the usual table of partitions (ESP-IDF, Partition Tables). */
export const appAddress = 0x1_0000

/** The first bytes of an image: its magic number, and the id of a chip (esptool, Firmware Image Format). */
export function espHeader(chipId: number): Buffer {
  const header = Buffer.from('e90200200000004000000000ffff000000000000000000', 'hex')
  header.writeUInt16LE(chipId, 12)
  return header
}

/** An image for an ESP32. Its blocks are odd in number, so that a worn cell differs after the last one. */
export const esp32Image: Buffer = Buffer.concat([
  espHeader(0),
  Buffer.from(Array.from({ length: 4_500 }, (_, index) => (index * 7) % 251)),
])

/** The reason to skip tests of esptool, which is a part of the project's Python environment; undefined if it is there. */
export function missingEsptool(): string | undefined {
  return hasPythonEnvironment() ? undefined : reasonToSkip('esptool')
}

/** A model of a board with an ESP32, and a way to make the driver that flashes it with esptool. */
export async function startEsp32Board() {
  const board = await startBoardOnPty((send) => new Esp32Loader(send))
  const flasher = (config: Partial<CommandFlasherConfig> = {}) => {
    const common = { tool: 'esptool', program: pythonProgram('esptool'), chip: 'esp32', port: board.path } as const
    // The model cannot run the program that esptool loads into the RAM of a chip.
    const rest = { address: `0x${appAddress.toString(16)}`, args: ['--no-stub'] }
    const steps = { enter: [{ cycle: 'power', seconds: 0.01 }], leave: [{ cycle: 'power', seconds: 0.01 }] }
    return new CommandFlasher({ ...common, ...rest, ...steps, ...config }, { power: board.power() })
  }
  return { board, loader: board.chip, flasher, [Symbol.asyncDispose]: () => board[Symbol.asyncDispose]() }
}
