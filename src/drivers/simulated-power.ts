import { HardwareError } from '../errors.ts'
import type { Implementation } from '../interfaces/define.ts'
import { VirtualPower } from '../interfaces/virtual-power.ts'
import { Driver } from '../runtime/driver.ts'

/** The power of a simulated board. It cannot be measured. */
export abstract class SimulatedPower extends Driver implements Implementation<typeof VirtualPower> {
  static readonly interface = VirtualPower

  abstract on(): Promise<void>

  /** @param destroy also erase everything that the board keeps without power */
  abstract off(destroy?: boolean | null): Promise<void>

  read(): AsyncGenerator<never> {
    throw new HardwareError('NOT_IMPLEMENTED', 'A simulated board draws no current')
  }
}
