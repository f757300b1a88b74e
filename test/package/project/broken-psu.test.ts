import { describePower } from 'vitest-hardware/conformance'

import { startDevice } from './device.ts'
import { Psu } from './psu.ts'

/** A driver with the usual mistakes. */
class BrokenPsu extends Psu {
  readonly #keepAlive = setInterval(() => undefined, 1000)

  /** Hides that the supply is away. */
  override async on(): Promise<void> {
    await super.on().catch(() => undefined)
  }

  /** Does not switch. */
  override async off(): Promise<void> {
    await this.ask('MEAS?').catch(() => undefined)
  }

  /** Has other units than the interface. */
  override async *read() {
    yield { voltage: Number.NaN, current: 250 }
  }

  /** Leaves the timer behind. */
  override async close(): Promise<void> {
    await super.close()
    this.#keepAlive.ref()
  }
}

describePower(
  'BrokenPsu',
  async () => {
    const device = await startDevice()
    return { ...device, driver: new BrokenPsu({ host: '127.0.0.1', port: device.port }) }
  },
  { timeoutMs: 2000 },
)
