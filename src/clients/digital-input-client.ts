import { DigitalInput, type Edge } from '../interfaces/digital-input.ts'
import { DriverClient } from './driver-client.ts'

/** A limit on a wait for a line. */
export interface LineWaitOptions {
  /** In milliseconds (default 30 000). */
  readonly timeoutMs?: number
}

const defaultTimeoutMs = 30_000

/** A line that the exporter reads, such as one that a LED hangs on. */
export class DigitalInputClient extends DriverClient<typeof DigitalInput> {
  static readonly interface = DigitalInput

  /** Whether the line is active. */
  async read(): Promise<boolean> {
    return Boolean(await this.call('readPin'))
  }

  /** @throws HardwareError CALL_TIMEOUT when the line does not become active in time */
  async waitForActive({ timeoutMs = defaultTimeoutMs }: LineWaitOptions = {}): Promise<void> {
    await this.call('waitForActive', timeoutMs / 1000)
  }

  /** @throws HardwareError CALL_TIMEOUT when the line does not become inactive in time */
  async waitForInactive({ timeoutMs = defaultTimeoutMs }: LineWaitOptions = {}): Promise<void> {
    await this.call('waitForInactive', timeoutMs / 1000)
  }

  /** @throws HardwareError CALL_TIMEOUT when the line does not change in time */
  async waitForEdge(edge: Edge, { timeoutMs = defaultTimeoutMs }: LineWaitOptions = {}): Promise<void> {
    await this.call('waitForEdge', edge, timeoutMs / 1000)
  }
}
