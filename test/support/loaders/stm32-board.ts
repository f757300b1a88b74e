import { CommandFlasher, type CommandFlasherConfig } from '../../../src/drivers/index.ts'
import { startBoardOnPty } from './board-on-pty.ts'
import { Stm32Loader } from './stm32-loader.ts'

/** An image that has the form of none. */
export const stm32Image: Buffer = Buffer.from(Array.from({ length: 3_000 }, (_, index) => (index * 7) % 251))

/** A model of a board with an STM32, and a way to make the driver that flashes it with stm32flash. */
export async function startStm32Board() {
  const board = await startBoardOnPty((send) => new Stm32Loader(send))
  const flasher = (config: Partial<CommandFlasherConfig> = {}) => {
    // A pseudo terminal cannot have parity.
    const common = { tool: 'stm32flash', chip: '0x410', port: board.path, args: ['-m', '8n1'] } as const
    const enter = [{ cycle: 'power', seconds: 0.01 }]
    return new CommandFlasher({ ...common, enter, ...config }, { power: board.power() })
  }
  return { board, loader: board.chip, flasher, [Symbol.asyncDispose]: () => board[Symbol.asyncDispose]() }
}
