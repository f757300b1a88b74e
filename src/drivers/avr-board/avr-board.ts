import { Composite } from '../../interfaces/composite.ts'
import { CompositeDriver } from '../../runtime/composite-driver.ts'
import { Driver } from '../../runtime/driver.ts'
import { SimulatedInput, SimulatedOutput } from '../simulated-lines.ts'
import { AvrConsole } from './console.ts'
import { AvrFlasher } from './flasher.ts'
import { freePins } from './pins.ts'
import { AvrPower } from './power.ts'
import { Simulator } from './simulator.ts'

/** What {@link AvrBoard} is configured with. */
export interface AvrBoardConfig {
  /** How fast it runs: as a real board with a 16 MHz crystal (default), or as fast as this machine can. */
  readonly speed?: 'real-time' | 'maximum'
  /** The pins, by Arduino's names, that lines to the lab hang on (default D13, where an Uno has its LED). */
  readonly inputs?: readonly string[]
  /** The pins that lines from the lab hang on (default D2). */
  readonly outputs?: readonly string[]
}

/**
 * An Arduino Uno (ATmega328P at 16 MHz) simulated by avr8js, an optional peer of this package. It begins without power
 * and without a program.
 *
 * Its children are `power`, `console`, `flasher` and `gpio`, which has a child for each pin that is connected. A pin's
 * direction is the lab's: an LED of the board is an input.
 *
 * @example
 * ```yaml
 * export:
 *   board: { type: "vitest-hardware/drivers#AvrBoard", config: { inputs: [D13], outputs: [D2] } }
 * ```
 */
export class AvrBoard extends Driver {
  static readonly interface = Composite
  override readonly children: {
    readonly power: AvrPower
    readonly console: AvrConsole
    readonly flasher: AvrFlasher
    readonly gpio: CompositeDriver
  }
  readonly #simulator: Simulator

  /** @throws TypeError for a configuration that no board has */
  constructor(config: AvrBoardConfig = {}) {
    super()
    const { speed = 'real-time', inputs = ['D13'], outputs = ['D2'] } = config
    check(config, { speed, inputs, outputs })
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

function check(given: object, { speed, inputs, outputs }: Required<AvrBoardConfig>): void {
  const unknown = Object.keys(given).filter((key) => !['speed', 'inputs', 'outputs'].includes(key))
  if (unknown.length > 0)
    throw new TypeError(`has unknown keys ${unknown.join(', ')}; it can have speed, inputs, outputs`)
  if (speed !== 'real-time' && speed !== 'maximum') {
    throw new TypeError(`speed is ${JSON.stringify(speed)}; it can be 'real-time' or 'maximum'`)
  }
  const pins = [...inputs, ...outputs]
  for (const [index, pin] of pins.entries()) {
    if (!freePins.includes(pin))
      throw new TypeError(`has no pin ${JSON.stringify(pin)}; there are ${freePins.join(', ')}`)
    if (pins.indexOf(pin) !== index) throw new TypeError(`connects pin ${pin} twice`)
  }
}
