import type { Duplex } from 'node:stream'

import { VncServer } from '../../interfaces/vnc-server.ts'
import { childOf } from '../child.ts'
import { DriverClient } from '../driver-client.ts'
import { NetworkClient } from './network-client.ts'

/**
 * A screen that is reached by VNC.
 *
 * @example
 * ```ts
 * await using screen = await dut.vnc.tcp.forwardTcp()
 * await execa('vncsnapshot', [screen.address.replace(':', '::'), 'screen.jpg'])
 * ```
 */
export class VncServerClient extends DriverClient<typeof VncServer> {
  static readonly interface = VncServer

  /**
   * The connection to the server, to forward it.
   *
   * @throws HardwareError DRIVERS_MISMATCH when the exporter has no network there
   */
  get tcp(): NetworkClient {
    return childOf(this, 'tcp', NetworkClient, this.options)
  }

  /** Opens a connection to the server, in the protocol of VNC. */
  connect(): Promise<Duplex> {
    return this.tcp.connect()
  }

  /** Reads if viewers should encrypt the connection. */
  defaultEncrypt(): Promise<boolean> {
    return this.call('getDefaultEncrypt')
  }
}
