import { busKindLabel, DbusNetwork } from '../../interfaces/dbus-network.ts'
import { NetworkClient } from './network-client.ts'

/**
 * A bus of D-Bus on the exporter's machine. It has no address.
 *
 * @example
 * ```ts
 * await using bus = await dut.bus.forwardUnix()
 * await execa('busctl', [`--address=unix:path=${bus.path}`, 'list'])
 * ```
 */
export class DbusNetworkClient extends NetworkClient {
  static override readonly interface = DbusNetwork

  /** The kind of the bus: `system` or `session`. */
  get kind(): string {
    return this.labels[busKindLabel] ?? ''
  }
}
