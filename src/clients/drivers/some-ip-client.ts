import type { WaitOptions } from '../../base/wait-options.ts'
import { SomeIp, type SomeIpEvent, type SomeIpMessage, type SomeIpService } from '../../interfaces/some-ip.ts'
import { DriverClient } from '../driver-client.ts'
import { waitOfDriver } from '../driver-wait.ts'
import { toHex } from '../hex.ts'

/** The number that stands for any instance of a service (SOME/IP-SD). */
const anyInstance = 0xffff

/** A message or an event with the bytes of its payload. */
type WithBytes<T extends { readonly payload: string }> = Omit<T, 'payload'> & { readonly payload: Buffer }

/**
 * A client of services in a vehicle (SOME/IP), with bytes for the wire's hexadecimal digits. A wait ends with the driver's error
 * when its time is up.
 *
 * @example
 * ```ts
 * const { payload } = await dut.someip.request(0x1234, 0x0001, [1, 2], { timeoutMs: 1_000 })
 * ```
 */
export class SomeIpClient extends DriverClient<typeof SomeIp> {
  static readonly interface = SomeIp

  /** Starts the client of the driver. */
  async start(): Promise<void> {
    await this.call('start')
  }

  /** Calls a method and waits for its answer. */
  async request(
    serviceId: number,
    methodId: number,
    payload: Uint8Array | readonly number[],
    options: WaitOptions = {},
  ): Promise<WithBytes<SomeIpMessage>> {
    const { limits, seconds } = waitOfDriver(this.with(options).limits())
    return toBytes(await this.with(limits).call('rpcCall', serviceId, methodId, { data: toHex(payload) }, seconds))
  }

  /** Sends a message and does not wait. */
  async send(serviceId: number, methodId: number, payload: Uint8Array | readonly number[]): Promise<void> {
    await this.call('sendMessage', serviceId, methodId, { data: toHex(payload) })
  }

  async receive(options: WaitOptions = {}): Promise<WithBytes<SomeIpMessage>> {
    const { limits, seconds } = waitOfDriver(this.with(options).limits())
    return toBytes(await this.with(limits).call('receiveMessage', seconds))
  }

  /** @param options.instanceId default: any instance */
  async findService(
    serviceId: number,
    { instanceId = anyInstance, ...options }: WaitOptions & { readonly instanceId?: number | undefined } = {},
  ): Promise<readonly SomeIpService[]> {
    const { limits, seconds } = waitOfDriver(this.with(options).limits())
    return this.with(limits).call('findService', serviceId, instanceId, seconds)
  }

  async subscribe(eventgroupId: number): Promise<void> {
    await this.call('subscribeEventgroup', eventgroupId)
  }

  async unsubscribe(eventgroupId: number): Promise<void> {
    await this.call('unsubscribeEventgroup', eventgroupId)
  }

  /** Waits for an event of the groups that were subscribed. */
  async event(options: WaitOptions = {}): Promise<WithBytes<SomeIpEvent>> {
    const { limits, seconds } = waitOfDriver(this.with(options).limits())
    return toBytes(await this.with(limits).call('receiveEvent', seconds))
  }

  async reconnect(): Promise<void> {
    await this.call('reconnect')
  }

  async closeConnection(): Promise<void> {
    await this.call('closeConnection')
  }
}

function toBytes<T extends { readonly payload: string }>(message: T): WithBytes<T> {
  return { ...message, payload: Buffer.from(message.payload, 'hex') }
}
