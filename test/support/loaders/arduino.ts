import { readFileSync } from 'node:fs'

import { CommandFlasher, type CommandFlasherConfig } from '../../../src/drivers/index.ts'
import { startBoardOnPty } from './board-on-pty.ts'
import { Stk500Loader } from './stk500-loader.ts'

/** The firmware of the example for an Arduino Uno. */
export const arduinoFirmware: Buffer = readFileSync(
  new URL('../../../examples/microcontroller/firmware/firmware.hex', import.meta.url),
)

/** A model of an Arduino with its boot loader, and a way to make the driver that flashes it with avrdude. */
export async function startArduino() {
  const board = await startBoardOnPty((send) => new Stk500Loader(send))
  const flasher = (config: Partial<CommandFlasherConfig> = {}) => {
    const common = { tool: 'avrdude', chip: 'm328p', port: board.path } as const
    // The pseudo terminal has no DTR, by which avrdude resets an Arduino.
    const enter = [{ cycle: 'power', seconds: 0.01 }]
    return new CommandFlasher({ ...common, enter, ...config }, { power: board.power() })
  }
  return { board, loader: board.chip, flasher, [Symbol.asyncDispose]: () => board[Symbol.asyncDispose]() }
}
