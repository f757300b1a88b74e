import { HardwareError } from '../errors.ts'
import type { Implementation } from '../interfaces/define.ts'
import { DigitalInput, type Edge } from '../interfaces/digital-input.ts'
import { DigitalOutput } from '../interfaces/digital-output.ts'
import { callSignal } from '../runtime/call.ts'
import { Driver } from '../runtime/driver.ts'
import { anySignal, untilAborted } from '../base/abort.ts'

type LevelListener = (pin: string, high: boolean) => void

/** The pins of a simulated board. */
export interface SimulatedPins {
  /** The level that the board puts on a pin; low while the board is off. */
  level(pin: string): boolean | Promise<boolean>
  /** Puts a level on a pin from outside, and leaves it there. */
  drive(pin: string, high: boolean): Promise<void>
  /** Calls back when the board changes the level of a pin. */
  on(event: 'level', listener: LevelListener): unknown
  off(event: 'level', listener: LevelListener): unknown
}

/** Options of a simulated line. */
export interface SimulatedLineOptions {
  readonly pins: SimulatedPins
  readonly pin: string
  /** True if the line is active when the pin is low (default false). */
  readonly activeLow?: boolean | undefined
}

/** A line from a simulated board to the lab: reads the level that the firmware puts on a pin. */
export class SimulatedInput extends Driver implements Implementation<typeof DigitalInput> {
  static readonly interface = DigitalInput
  readonly #pins: SimulatedPins
  readonly #pin: string
  readonly #activeLow: boolean

  constructor({ pins, pin, activeLow = false }: SimulatedLineOptions) {
    super()
    this.#pins = pins
    this.#pin = pin
    this.#activeLow = activeLow
  }

  async readPin() {
    return (await this.#isActive()) ? 1 : 0
  }

  waitForActive(timeoutSeconds?: number | null) {
    return this.#wait((active) => active, 'become active', timeoutSeconds)
  }

  waitForInactive(timeoutSeconds?: number | null) {
    return this.#wait((active) => !active, 'become inactive', timeoutSeconds)
  }

  waitForEdge(edge: Edge, timeoutSeconds?: number | null) {
    if (!['rising', 'falling', 'both'].includes(edge)) {
      throw new RangeError(`edge is ${JSON.stringify(edge)}; it can be 'rising', 'falling' or 'both'`)
    }
    const wanted = (active: boolean) => edge === 'both' || active === (edge === 'rising')
    return this.#wait(wanted, edge === 'both' ? 'change' : `have a ${edge} edge`, timeoutSeconds, { now: false })
  }

  async #isActive(): Promise<boolean> {
    return (await this.#pins.level(this.#pin)) !== this.#activeLow
  }

  async #wait(
    wanted: (active: boolean) => boolean,
    what: string,
    timeoutSeconds: number | null | undefined,
    { now = true }: { readonly now?: boolean } = {},
  ): Promise<void> {
    const limit =
      timeoutSeconds === undefined || timeoutSeconds === null ? undefined : AbortSignal.timeout(timeoutSeconds * 1000)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const listen: LevelListener = (pin, high) => {
      if (pin === this.#pin && wanted(high !== this.#activeLow)) resolve()
    }
    // The listener comes before the first read, so that no change is missed.
    this.#pins.on('level', listen)
    try {
      if (now) this.#isActive().then((active) => wanted(active) && resolve(), reject)
      await untilAborted(promise, anySignal(callSignal(), limit))
    } catch (cause) {
      if (limit?.aborted !== true) throw cause
      throw new HardwareError('CALL_TIMEOUT', `Pin ${this.#pin} did not ${what} within ${timeoutSeconds} s`, { cause })
    } finally {
      this.#pins.off('level', listen)
    }
  }
}

/** A line from the lab to a simulated board: puts a level on a pin that the firmware reads. */
export class SimulatedOutput extends Driver implements Implementation<typeof DigitalOutput> {
  static readonly interface = DigitalOutput
  readonly #pins: SimulatedPins
  readonly #pin: string
  readonly #activeLow: boolean
  #active = false

  constructor({ pins, pin, activeLow = false }: SimulatedLineOptions) {
    super()
    this.#pins = pins
    this.#pin = pin
    this.#activeLow = activeLow
  }

  on() {
    return this.#drive(true)
  }

  off() {
    return this.#drive(false)
  }

  readPin() {
    return this.#active ? 1 : 0
  }

  async #drive(active: boolean): Promise<void> {
    await this.#pins.drive(this.#pin, active !== this.#activeLow)
    this.#active = active
  }
}
