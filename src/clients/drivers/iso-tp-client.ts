import type { WaitOptions } from '../../base/wait-options.ts'
import { IsoTp, type IsoTpAddress, type IsoTpAsymmetricAddress } from '../../interfaces/iso-tp.ts'
import { labelOf } from '../client-node.ts'
import { DriverClient } from '../driver-client.ts'
import { receiveInPieces } from '../driver-wait.ts'

/** Options of {@link IsoTpClient.send}. */
export interface IsoTpSendOptions {
  /** True to send to all receivers, in one frame (default false). */
  readonly isFunctional?: boolean | undefined
  /** Wait until the message is sent, in milliseconds (default: the driver does not wait). */
  readonly sendTimeoutMs?: number | undefined
}

/**
 * Messages that are longer than a frame of a CAN bus (ISO 15765-2).
 *
 * @example
 * ```ts
 * await dut.isotp.start()
 * const answer = await dut.isotp.request([0x22, 0xf1, 0x90], { timeoutMs: 1_000 })
 * ```
 */
export class IsoTpClient extends DriverClient<typeof IsoTp> {
  static readonly interface = IsoTp

  /** Begins to listen. */
  async start(): Promise<void> {
    await this.call('start')
  }

  async stop(): Promise<void> {
    await this.call('stop')
  }

  /** Sends a message. */
  async send(
    data: Uint8Array | readonly number[],
    { isFunctional = false, sendTimeoutMs }: IsoTpSendOptions = {},
  ): Promise<void> {
    const message = { data: Buffer.from(data).toString('base64') }
    const timeout = sendTimeoutMs === undefined ? null : sendTimeoutMs / 1000
    await this.call('send', message, isFunctional ? 1 : null, timeout)
  }

  /**
   * Waits for a message.
   *
   * @throws HardwareError CALL_TIMEOUT when none comes in time
   */
  async receive(options: WaitOptions = {}): Promise<Buffer> {
    const name = `the wait for a message of ${labelOf(this.node, 'ISO-TP')}`
    const limit = { ...this.with(options).limits(), name, details: { driver: this.node.path } }
    return receiveInPieces(limit, async ({ limits, seconds }) => {
      const { data } = await this.with(limits).call('recv', true, seconds)
      return data === null ? undefined : Buffer.from(data, 'base64')
    })
  }

  /** Sends a message and waits for the next one that comes; see {@link IsoTpClient.receive}. */
  async request(data: Uint8Array | readonly number[], options: WaitOptions = {}): Promise<Buffer> {
    await this.with(options).send(data)
    return this.receive(options)
  }

  /** Reads if a message has come. */
  available(): Promise<boolean> {
    return this.call('available')
  }

  /** Reads if a message is being sent. */
  transmitting(): Promise<boolean> {
    return this.call('transmitting')
  }

  async setAddress(address: IsoTpAddress | IsoTpAsymmetricAddress): Promise<void> {
    await this.call('setAddress', address)
  }

  /** Ends the sending of the present message. */
  async stopSending(): Promise<void> {
    await this.call('stopSending')
  }

  /** Drops the message that is coming. */
  async stopReceiving(): Promise<void> {
    await this.call('stopReceiving')
  }
}
