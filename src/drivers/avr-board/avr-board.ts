import { extname } from 'node:path'

import type { Requirement } from '../../base/requirement.ts'
import { requireModule } from '../../driver-kit/requirements.ts'
import { SimulatedBoard, type SimulatedBoardConfig, simulatedBoardRules } from '../simulated-board/simulated-board.ts'
import { intelHexFormat } from './intel-hex.ts'
import { freePins } from './pins.ts'

/** The config of {@link AvrBoard}. Pins have Arduino's names; the default inputs are D13, the LED of an Uno, the outputs D2. */
export type AvrBoardConfig = SimulatedBoardConfig

/**
 * A simulated Arduino Uno: power, console, flasher and pins (needs `npm install avr8js`). The board, an ATmega328P at 16 MHz,
 * starts without power and without a program. Its images are in Intel HEX format.
 *
 * Its children are `power`, `console`, `flasher` and `gpio`, which has a child for each connected pin. The direction of a pin is
 * the lab's: an LED of the board is an input.
 *
 * @example
 * ```yaml
 * export:
 *   board: { type: "vitest-hardware/drivers#AvrBoard", config: { inputs: [D13], outputs: [D2] } }
 * ```
 */
export class AvrBoard extends SimulatedBoard {
  static readonly configRules = simulatedBoardRules(freePins)

  /** Says whether the simulator's package is there. */
  static async check(): Promise<readonly Requirement[]> {
    return [await requireModule('avr8js', () => import('avr8js'))]
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: AvrBoardConfig = {}) {
    super(config, {
      thread: new URL(`./simulator-thread${extname(import.meta.url)}`, import.meta.url),
      // ATmega328P data sheet, section 8.1.
      flashBytes: 32 * 1024,
      format: intelHexFormat,
      pins: freePins,
      inputs: ['D13'],
      outputs: ['D2'],
      // An Arduino connects DTR to the reset by a capacitor.
      resetByDtr: true,
    })
  }
}
