import { DigitalOutput } from '../../interfaces/digital-output.ts'
import { DriverClient } from '../driver-client.ts'

/** A line that the exporter drives, such as the line of a button. */
export class DigitalOutputClient extends DriverClient<typeof DigitalOutput> {
  static readonly interface = DigitalOutput

  async on(): Promise<void> {
    await this.call('on')
  }

  async off(): Promise<void> {
    await this.call('off')
  }

  /** Reads the line: true if it is active. */
  async read(): Promise<boolean> {
    return Boolean(await this.call('readPin'))
  }
}
