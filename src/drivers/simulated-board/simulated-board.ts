import { readFile } from 'node:fs/promises'

import { type ConfigRules, findMistakes, ruleFor, rules, throwMistakes } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import { Composite } from '../../interfaces/composite.ts'
import { CompositeDriver } from '../../runtime/composite-driver.ts'
import { Driver } from '../../runtime/driver.ts'
import { SimulatedInput, SimulatedOutput } from '../simulated-lines.ts'
import { SimulatedConsole, type SimulatedConsoleOptions } from './console.ts'
import { type ImageFormat, SimulatedFlasher } from './flasher.ts'
import { MicrocontrollerPower } from './power.ts'
import type { SimulatorSpeed } from './run-simulator.ts'
import { Simulator, type SimulatorOptions } from './simulator.ts'

/** The config of every simulated board. */
export interface SimulatedBoardConfig {
  /** The speed: that of a real board (default), or the highest that this machine can reach. */
  readonly speed?: SimulatorSpeed | undefined
  /** The pins that the lab reads. */
  readonly inputs?: readonly string[] | undefined
  /** The pins that the lab drives. */
  readonly outputs?: readonly string[] | undefined
  /**
   * The file of an image that is in the flash when a session starts, absolute or relative to the folder in which the exporter
   * runs (default: no program).
   */
  readonly image?: string | undefined
}

/** A kind of simulated board. */
export interface SimulatedBoardKind extends Omit<SimulatorOptions, 'speed'>, SimulatedConsoleOptions {
  readonly format: ImageFormat
  /** The pins that lines may be connected to. */
  readonly pins: readonly string[]
  /** The pins that are connected unless the config says otherwise. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/** Makes the rules for the config of a simulated board. @param pins the pins that lines may be connected to */
export function simulatedBoardRules(pins: readonly string[]) {
  const listOfPins = rules.optional(
    ruleFor(
      `a list of pins (${pins.join(', ')})`,
      (value) => Array.isArray(value) && value.every((pin: unknown) => pins.some((free) => free === pin)),
    ),
  )
  return {
    speed: rules.optional(rules.oneOf('real-time', 'maximum')),
    inputs: listOfPins,
    outputs: listOfPins,
    image: rules.optional(rules.text),
  } satisfies ConfigRules
}

/**
 * A microcontroller board that is simulated in this process: power, console, flasher and pins. The board starts without power.
 *
 * Its children are `power`, `console`, `flasher` and `gpio`, which has a child for each connected pin. The direction of a pin is
 * the lab's: an LED of the board is an input.
 */
export abstract class SimulatedBoard extends Driver {
  static readonly interface = Composite
  override readonly children: {
    readonly power: MicrocontrollerPower
    readonly console: SimulatedConsole
    readonly flasher: SimulatedFlasher
    readonly gpio: CompositeDriver
  }
  readonly #simulator: Simulator
  readonly #image: string | undefined

  /** @throws TypeError with all mistakes of the config */
  constructor(config: SimulatedBoardConfig, kind: SimulatedBoardKind) {
    super()
    const { speed, inputs, outputs, image } = checkBoardConfig(config, kind)
    const simulator = new Simulator({ ...kind, speed })
    simulator.on('remark', (text) => this.logger.warning(text))
    this.#simulator = simulator
    this.#image = image
    this.children = {
      power: new MicrocontrollerPower(simulator),
      console: new SimulatedConsole(simulator, kind),
      flasher: new SimulatedFlasher(simulator, kind.format),
      gpio: new CompositeDriver(
        Object.fromEntries([
          ...inputs.map((pin) => [pin, new SimulatedInput({ pins: simulator, pin })] as const),
          ...outputs.map((pin) => [pin, new SimulatedOutput({ pins: simulator, pin })] as const),
        ]),
      ),
    }
  }

  /**
   * @throws HardwareError MODULE_MISSING when the simulator's package is not installed; IMAGE_INVALID with origin `lab` for the
   *   image of the config
   */
  override async reset() {
    await this.#simulator.start()
    if (this.#image === undefined) return
    try {
      await this.children.flasher.write(await readFile(this.#image))
    } catch (cause) {
      const message = `Cannot use the image ${this.#image} of the config: ${messageOf(cause)}`
      throw new HardwareError('IMAGE_INVALID', message, { cause, origin: 'lab' })
    }
  }

  override close() {
    return this.#simulator.stop()
  }
}

/** @throws TypeError with all mistakes, among them the pins that are listed twice */
function checkBoardConfig(config: SimulatedBoardConfig, kind: SimulatedBoardKind) {
  const mistakes = [...findMistakes(config, simulatedBoardRules(kind.pins))]
  const inputs = config.inputs ?? kind.inputs
  const outputs = config.outputs ?? kind.outputs
  const connected = [inputs, outputs].filter((pins) => Array.isArray(pins)).flat()
  const twice = new Set(connected.filter((pin, index) => connected.indexOf(pin) !== index))
  if (twice.size > 0) {
    mistakes.push(new Mistake([], `connects pin ${[...twice].join(', ')} twice; each is an input or an output, once`))
  }
  throwMistakes(mistakes)
  return { speed: config.speed ?? 'real-time', inputs, outputs, image: config.image ?? undefined }
}
