import { checkConfig, ruleFor, rules } from '../../base/check.ts'
import { Composite } from '../../interfaces/composite.ts'
import { CompositeDriver } from '../../runtime/composite-driver.ts'
import { Driver } from '../../runtime/driver.ts'
import { SimulatedInput, SimulatedOutput } from '../simulated-lines.ts'
import { AvrConsole } from './console.ts'
import { AvrFlasher } from './flasher.ts'
import { freePins } from './pins.ts'
import { AvrPower } from './power.ts'
import { Simulator } from './simulator.ts'

/** The config of {@link AvrBoard}. */
export interface AvrBoardConfig {
  /** The speed: that of a real board with a 16 MHz crystal (default), or the highest that this machine can reach. */
  readonly speed?: 'real-time' | 'maximum' | undefined
  /** The pins that the lab reads, by Arduino's names (default D13, the pin of an Uno's LED). */
  readonly inputs?: readonly string[] | undefined
  /** The pins that the lab drives (default D2). */
  readonly outputs?: readonly string[] | undefined
}

const pins = rules.optional(
  ruleFor(
    `a list of pins (${freePins.join(', ')})`,
    (value) => Array.isArray(value) && value.every((pin: unknown) => freePins.some((free) => free === pin)),
  ),
)

/**
 * A simulated Arduino Uno: power, console, flasher and pins (needs `npm install avr8js`). The board, an ATmega328P at 16 MHz,
 * starts without power and without a program.
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
export class AvrBoard extends Driver {
  static readonly interface = Composite
  static readonly configRules = {
    speed: rules.optional(rules.oneOf('real-time', 'maximum')),
    inputs: pins,
    outputs: pins,
  }
  override readonly children: {
    readonly power: AvrPower
    readonly console: AvrConsole
    readonly flasher: AvrFlasher
    readonly gpio: CompositeDriver
  }
  readonly #simulator: Simulator

  /** @throws TypeError with all mistakes of the config */
  constructor(config: AvrBoardConfig = {}) {
    super()
    checkConfig(config, AvrBoard.configRules)
    const speed = config.speed ?? 'real-time'
    const inputs = config.inputs ?? ['D13']
    const outputs = config.outputs ?? ['D2']
    checkOnce([...inputs, ...outputs])
    const simulator = new Simulator(speed)
    this.#simulator = simulator
    this.children = {
      power: new AvrPower(simulator),
      console: new AvrConsole(simulator),
      flasher: new AvrFlasher(simulator),
      gpio: new CompositeDriver(
        Object.fromEntries([
          ...inputs.map((pin) => [pin, new SimulatedInput({ pins: simulator, pin })] as const),
          ...outputs.map((pin) => [pin, new SimulatedOutput({ pins: simulator, pin })] as const),
        ]),
      ),
    }
  }

  override reset() {
    return this.#simulator.start()
  }

  override close() {
    return this.#simulator.stop()
  }
}

/** @throws TypeError with the pins that are listed twice */
function checkOnce(connected: readonly string[]): void {
  const twice = new Set(connected.filter((pin, index) => connected.indexOf(pin) !== index))
  if (twice.size > 0) throw new TypeError(`connects pin ${[...twice].join(', ')} twice`)
}
