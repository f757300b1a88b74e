import type { InterfaceDefinition } from '../../interfaces/define.ts'
import { VirtualPower } from '../../interfaces/virtual-power.ts'
import type { DriverClient } from '../driver-client.ts'
import { PowerClient } from './power-client.ts'

/** Power of a simulated device. */
export class VirtualPowerClient extends PowerClient {
  static override readonly interface: InterfaceDefinition = VirtualPower

  /** @param options.destroy also erase everything that the device keeps without power (default false) */
  override async off({ destroy = false }: { readonly destroy?: boolean } = {}): Promise<void> {
    await (this as unknown as DriverClient<typeof VirtualPower>).call('off', destroy)
  }
}
