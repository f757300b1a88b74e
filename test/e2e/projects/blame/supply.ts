import { Driver, HardwareError, type Implementation } from 'vitest-hardware'
import { Power } from 'vitest-hardware/interfaces'

interface Config {
  /** The readings, one after another; the last one stays. */
  readonly volts: readonly number[]
  /** The relay does not answer at first, and later does not switch. */
  readonly stuck?: boolean
}

/** A supply that gives what its exporter's file says. */
export class Supply extends Driver implements Implementation<typeof Power> {
  static readonly interface = Power
  readonly #config: Config
  readonly #volts: number[]
  #calls = 0

  constructor(config: Config) {
    super()
    this.#config = config
    this.#volts = [...config.volts]
  }

  on() {
    if (this.#config.stuck === true && this.#calls++ === 0)
      throw new HardwareError('DEVICE_IO', 'no answer from the relay', { origin: 'lab' })
  }

  off() {}

  async *read() {
    const voltage = (this.#volts.length > 1 ? this.#volts.shift() : this.#volts[0]) ?? 0
    yield { voltage, current: 0.1 }
  }
}
