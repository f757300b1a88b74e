import { DoIp, type DoIpEntityStatus, type DoIpRoutingActivation, type DoIpVehicle } from '../../interfaces/doip.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { DriverClient } from '../driver-client.ts'
import { waitOfDriver } from '../driver-wait.ts'
import { toHex } from '../hex.ts'

/**
 * Diagnostics over Internet Protocol (ISO 13400), with bytes for the wire's hexadecimal digits.
 *
 * @example
 * ```ts
 * const answer = await dut.doip.request([0x22, 0xf1, 0x90], { timeoutMs: 2_000 })
 * ```
 */
export class DoIpClient extends DriverClient<typeof DoIp> {
  static readonly interface = DoIp

  entityStatus(): Promise<DoIpEntityStatus> {
    return this.call('entityStatus')
  }

  /** Reads the address of the entity, which answers while it is alive. */
  async aliveCheck(): Promise<number> {
    return (await this.call('aliveCheck')).source_address
  }

  /** Reads the mode of the power, by the codes of ISO 13400-2. */
  async powerMode(): Promise<number> {
    return (await this.call('diagnosticPowerMode')).diagnostic_power_mode
  }

  /** Asks vehicles for their identification: all, the one with a VIN, or the entity with an EID. */
  identify({
    vin = null,
    eid = null,
  }: { readonly vin?: string | null; readonly eid?: string | null } = {}): Promise<DoIpVehicle> {
    return this.call('requestVehicleIdentification', vin, eid)
  }

  /** @param type the kind of the activation, by the codes of ISO 13400-2 (default 0) */
  activateRouting(type = 0): Promise<DoIpRoutingActivation> {
    return this.call('routingActivation', type)
  }

  /** Sends a diagnostic message. */
  async send(message: Uint8Array | readonly number[]): Promise<void> {
    await this.call('sendDiagnostic', { data: toHex(message) })
  }

  /** Waits for a diagnostic message. @throws HardwareError the driver's error when none comes in time */
  async receive(options: WaitOptions = {}): Promise<Buffer> {
    const { limits, seconds } = waitOfDriver(this.with(options).limits())
    return Buffer.from((await this.with(limits).call('receiveDiagnostic', seconds)).data, 'hex')
  }

  /** Sends a message and waits for the next one that comes; see {@link DoIpClient.receive}. */
  async request(message: Uint8Array | readonly number[], options: WaitOptions = {}): Promise<Buffer> {
    await this.with(options).send(message)
    return this.receive(options)
  }

  /** Connects again, as after a reset. @param options.closedMs the time between the connections, in milliseconds (default 2000) */
  async reconnect({ closedMs = 2000 }: { readonly closedMs?: number } = {}): Promise<void> {
    await this.call('reconnect', closedMs / 1000)
  }

  async closeConnection(): Promise<void> {
    await this.call('closeConnection')
  }
}
