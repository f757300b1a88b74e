import { once } from 'node:events'

import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { DigitalInput, type Edge } from '../../interfaces/digital-input.ts'
import { DigitalOutput } from '../../interfaces/digital-output.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import type { Simulator } from './simulator.ts'

/** A line from the board to the lab: reads what the firmware puts on a pin. */
export class AvrInput extends Driver implements Implementation<typeof DigitalInput> {
  static readonly interface = DigitalInput
  readonly #simulator: Simulator
  readonly #pin: string

  constructor(simulator: Simulator, pin: string) {
    super()
    this.#simulator = simulator
    this.#pin = pin
  }

  readPin() {
    return this.#simulator.level(this.#pin) ? 1 : 0
  }

  waitForActive(timeoutSeconds?: number | null) {
    return this.#wait((high) => high, 'become active', timeoutSeconds)
  }

  waitForInactive(timeoutSeconds?: number | null) {
    return this.#wait((high) => !high, 'become inactive', timeoutSeconds)
  }

  waitForEdge(edge: Edge, timeoutSeconds?: number | null) {
    if (!['rising', 'falling', 'both'].includes(edge)) {
      throw new RangeError(`edge is ${JSON.stringify(edge)}; it can be 'rising', 'falling' or 'both'`)
    }
    const wanted = (high: boolean) => edge === 'both' || high === (edge === 'rising')
    return this.#wait(wanted, edge === 'both' ? 'change' : `have a ${edge} edge`, timeoutSeconds, { now: false })
  }

  async #wait(
    wanted: (high: boolean) => boolean,
    what: string,
    timeoutSeconds: number | null | undefined,
    { now = true }: { readonly now?: boolean } = {},
  ): Promise<void> {
    if (now && wanted(this.#simulator.level(this.#pin))) return
    const limit =
      timeoutSeconds === undefined || timeoutSeconds === null ? [] : [AbortSignal.timeout(timeoutSeconds * 1000)]
    const signal = AbortSignal.any([callSignal(), ...limit])
    try {
      for (;;) {
        const [pin, high] = (await once(this.#simulator, 'level', { signal })) as [string, boolean]
        if (pin === this.#pin && wanted(high)) return
      }
    } catch (cause) {
      if (limit[0]?.aborted !== true) throw cause
      throw new HardwareError('CALL_TIMEOUT', `Pin ${this.#pin} did not ${what} within ${timeoutSeconds} s`, { cause })
    }
  }
}

/** A line from the lab to the board: puts a level on a pin that the firmware reads. */
export class AvrOutput extends Driver implements Implementation<typeof DigitalOutput> {
  static readonly interface = DigitalOutput
  readonly #simulator: Simulator
  readonly #pin: string
  #high = false

  constructor(simulator: Simulator, pin: string) {
    super()
    this.#simulator = simulator
    this.#pin = pin
  }

  on() {
    return this.#drive(true)
  }

  off() {
    return this.#drive(false)
  }

  readPin() {
    return this.#high ? 1 : 0
  }

  async #drive(high: boolean): Promise<void> {
    await this.#simulator.tell({ type: 'drive', pin: this.#pin, high })
    this.#high = high
  }
}
