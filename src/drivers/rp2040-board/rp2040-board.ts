import { extname } from 'node:path'

import type { Requirement } from '../../base/requirement.ts'
import { requireModule } from '../../driver-kit/requirements.ts'
import { SimulatedBoard, type SimulatedBoardConfig, simulatedBoardRules } from '../simulated-board/simulated-board.ts'
import { freePins } from './pins.ts'
import { uf2Format } from './uf2.ts'

/** The config of {@link Rp2040Board}. Pins are GP2 to GP29; the default inputs are GP25, the LED of a Pico, the outputs GP15. */
export type Rp2040BoardConfig = SimulatedBoardConfig

/**
 * A simulated Raspberry Pi Pico: power, console, flasher and pins (needs `npm install rp2040js`). The board, an RP2040 with 2 MiB
 * of flash, starts without power and without a program. Its images are in UF2 format; its console is UART0 at GP0 and GP1.
 *
 * The first core is simulated, without the boot ROM: a program that calls functions of the ROM, as the Pico SDK's do, does not
 * run. A reset by the watchdog restarts the program and keeps the RAM. The UART sends at once, and receives at the firmware's baud
 * rate.
 *
 * Its children are `power`, `console`, `flasher` and `gpio`, which has a child for each connected pin. The direction of a pin is
 * the lab's: an LED of the board is an input.
 *
 * @example
 * ```yaml
 * export:
 *   board: { type: "vitest-hardware/drivers#Rp2040Board", config: { inputs: [GP25], outputs: [GP15] } }
 * ```
 */
export class Rp2040Board extends SimulatedBoard {
  static readonly configRules = simulatedBoardRules(freePins)

  /** Says whether the simulator's package is there. */
  static async check(): Promise<readonly Requirement[]> {
    return [await requireModule('rp2040js', () => import('rp2040js'))]
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: Rp2040BoardConfig = {}) {
    super(config, {
      thread: new URL(`./simulator-thread${extname(import.meta.url)}`, import.meta.url),
      // Raspberry Pi Pico Datasheet, chapter 1.
      flashBytes: 2 * 1024 * 1024,
      format: uf2Format,
      pins: freePins,
      inputs: ['GP25'],
      outputs: ['GP15'],
    })
  }
}
