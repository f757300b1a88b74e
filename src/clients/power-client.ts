import { setTimeout as delay } from 'node:timers/promises'

import { HardwareError } from '../errors.ts'
import type { InterfaceDefinition } from '../interfaces/define.ts'
import { Power, type PowerReading } from '../interfaces/power.ts'
import { DriverClient } from './driver-client.ts'

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
   * Off, a wait, and on again.
   *
   * @param options.offMs how long the device stays without power, in milliseconds (default 2000)
   */
  async cycle({ offMs = 2000 }: { readonly offMs?: number } = {}): Promise<void> {
    await this.off()
    const { signal } = this.limits()
    await delay(offMs, undefined, signal === undefined ? {} : { signal }).catch((cause: unknown) => {
      throw new HardwareError('CALL_CANCELLED', `${this.node.path || 'power'}.cycle: cancelled while off`, { cause })
    })
    await this.on()
  }

  /**
   * Measurements, one after another.
   *
   * @throws HardwareError NOT_IMPLEMENTED when the device cannot measure
   */
  async *read(): AsyncGenerator<PowerReading, void, void> {
    try {
      yield* this.streamingCall('read')
    } catch (cause) {
      // Several drivers export a unary `read` that only raises, which a streaming call does not find.
      if (!(cause instanceof HardwareError) || cause.code !== 'METHOD_NOT_FOUND') throw cause
      throw new HardwareError('NOT_IMPLEMENTED', `${this.node.path || 'power'} cannot measure`, { cause })
    }
  }
}
