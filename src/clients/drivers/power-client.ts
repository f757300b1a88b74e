import { pause } from '../../base/pause.ts'
import { HardwareError } from '../../errors.ts'
import type { InterfaceDefinition } from '../../interfaces/define.ts'
import { Power, type PowerReading } from '../../interfaces/power.ts'
import { labelOf } from '../client-node.ts'
import { DriverClient } from '../driver-client.ts'

/** Switches a device's power and measures it. */
export class PowerClient extends DriverClient<typeof Power> {
  static readonly interface: InterfaceDefinition = Power

  async on(): Promise<void> {
    await this.call('on')
  }

  async off(): Promise<void> {
    await this.call('off')
  }

  /**
   * Switches the power off, waits, and switches it on.
   *
   * @param options.offMs the time without power, in milliseconds (default 2000)
   */
  async cycle({ offMs = 2000 }: { readonly offMs?: number } = {}): Promise<void> {
    await this.off()
    const { signal } = this.limits()
    await pause(offMs, { signal, what: `${labelOf(this.node, 'power')}.cycle` })
    await this.on()
  }

  /**
   * Reads measurements, one after another.
   *
   * @throws HardwareError NOT_IMPLEMENTED when the device cannot measure
   */
  async *read(): AsyncGenerator<PowerReading, void, void> {
    try {
      yield* this.streamingCall('read')
    } catch (cause) {
      // Several drivers export a unary `read` that only raises, which a streaming call does not find.
      if (!(cause instanceof HardwareError) || cause.code !== 'METHOD_NOT_FOUND') throw cause
      throw new HardwareError('NOT_IMPLEMENTED', `${labelOf(this.node, 'power')} cannot measure`, { cause })
    }
  }
}
