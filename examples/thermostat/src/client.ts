import { DriverClient } from 'vitest-hardware'

import { Thermostat } from './interface.ts'

/** The client of a thermostat. Arguments and results have the types of the interface. */
export class ThermostatClient extends DriverClient<typeof Thermostat> {
  static readonly interface = Thermostat

  setTarget(celsius: number) {
    return this.call('setTarget', celsius)
  }

  async target() {
    return Number(await this.call('query', 'target'))
  }

  readings() {
    return this.streamingCall('readings')
  }

  /** Sends a command to the thermostat's console, and returns what it prints. */
  async command(line: string) {
    const stream = await this.stream('console')
    stream.end(`${line}\n`)
    return (await stream.toArray()).join('').trim()
  }
}
