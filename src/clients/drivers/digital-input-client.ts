import { DigitalInput, type Edge } from '../../interfaces/digital-input.ts'
import { DriverClient } from '../driver-client.ts'

/** A limit on a wait for a line. */
export interface LineWaitOptions {
  /** In milliseconds (default 30 000). */
  readonly timeoutMs?: number | undefined
}

/** The longest wait for a line, in milliseconds, unless an option or the test's time limit says otherwise. */
const defaultTimeoutMs = 30_000
/** The time that the call waits longer than the driver, so that the driver's error arrives first, in milliseconds. */
const gracePeriodMs = 2_000

/** A line that the exporter reads, such as the line of a LED. */
export class DigitalInputClient extends DriverClient<typeof DigitalInput> {
  static readonly interface = DigitalInput

  /** Reads the line: true if it is active. */
  async read(): Promise<boolean> {
    return Boolean(await this.call('readPin'))
  }

  /** @throws HardwareError CALL_TIMEOUT when the line does not become active in time */
  async waitForActive(options: LineWaitOptions = {}): Promise<void> {
    const { client, seconds } = this.limitWait(options)
    await client.call('waitForActive', seconds)
  }

  /** @throws HardwareError CALL_TIMEOUT when the line does not become inactive in time */
  async waitForInactive(options: LineWaitOptions = {}): Promise<void> {
    const { client, seconds } = this.limitWait(options)
    await client.call('waitForInactive', seconds)
  }

  /** @throws HardwareError CALL_TIMEOUT when the line does not change in time */
  async waitForEdge(edge: Edge, options: LineWaitOptions = {}): Promise<void> {
    const { client, seconds } = this.limitWait(options)
    await client.call('waitForEdge', edge, seconds)
  }

  private limitWait(options: LineWaitOptions): { client: DriverClient<typeof DigitalInput>; seconds: number } {
    const timeoutMs = options.timeoutMs ?? this.limits(defaultTimeoutMs).timeoutMs
    return { client: this.with({ timeoutMs: timeoutMs + gracePeriodMs }), seconds: timeoutMs / 1000 }
  }
}
