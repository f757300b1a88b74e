import type { Duplex } from 'node:stream'

import { Network } from '../interfaces/network.ts'
import { DriverClient } from './driver-client.ts'

/** A network endpoint that the exporter can reach. */
export class NetworkClient extends DriverClient<typeof Network> {
  static readonly interface = Network

  /** Opens a connection to the endpoint. For UDP, one chunk is one datagram. */
  connect(): Promise<Duplex> {
    return this.stream('connect')
  }

  /**
   * Where the endpoint is, as a URL such as `tcp://192.0.2.1:22`.
   *
   * @throws HardwareError METHOD_NOT_FOUND for an endpoint that has no such address, ARGUMENT_INVALID where the lab does
   *   not tell it
   */
  address(): Promise<string> {
    return this.call('address')
  }
}
