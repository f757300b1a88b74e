import type { Implementation } from '../../interfaces/define.ts'
import { Power } from '../../interfaces/power.ts'
import { Driver } from '../../runtime/driver.ts'

/** A power switch without a device, for trials. It logs each call, and measures 0 V, 0 A and then 5 V, 2 A. */
export class MockPower extends Driver implements Implementation<typeof Power> {
  static readonly interface = Power
  static readonly configRules = {}

  on() {
    this.logger.info('power on')
  }

  off() {
    this.logger.info('power off')
  }

  async *read() {
    yield { voltage: 0, current: 0 }
    yield { voltage: 5, current: 2 }
  }
}
