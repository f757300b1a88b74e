import { join } from 'node:path'
import type { Duplex } from 'node:stream'

import { anySignal } from '../../base/abort.ts'
import type { InterfaceDefinition } from '../../interfaces/define.ts'
import { Network } from '../../interfaces/network.ts'
import { createPrivateFolder } from '../../base/private-folder.ts'
import type { Console } from '../console.ts'
import { type ConsoleOptions, defaultExpectTimeoutMs } from '../console/console-base.ts'
import { createConsole } from '../create-console.ts'
import { DriverClient } from '../driver-client.ts'
import { forwardConnections, type ForwardOptions } from '../forward.ts'
import { forwardTcp, type ForwardTcpOptions, type TcpForward } from '../forward-tcp.ts'

/** Options of {@link NetworkClient.forwardUnix}. */
export interface ForwardUnixOptions extends ForwardOptions {
  /** The path of the socket (default: in a new folder that only this user can enter). */
  readonly path?: string | undefined
}

/** A local unix socket that leads to the device. Dispose of it to remove the socket and close every connection. */
export interface UnixForward extends AsyncDisposable {
  readonly path: string
}

/** A network endpoint that the exporter can reach. */
export class NetworkClient extends DriverClient<typeof Network> {
  static readonly interface: InterfaceDefinition = Network

  /** Opens a connection to the endpoint. For UDP, one chunk is one datagram. */
  connect(): Promise<Duplex> {
    return this.stream('connect')
  }

  /**
   * Makes a console on a connection to the endpoint, such as a terminal server or a monitor. The connection is opened on first
   * use. Dispose of the console to close the connection.
   */
  console(options: ConsoleOptions = {}): Console {
    const limits = () => this.limits(defaultExpectTimeoutMs)
    return createConsole(this.node, () => this.connect(), { name: 'network', limits, ...options })
  }

  /**
   * Reads the address of the endpoint as a URL, such as `tcp://192.0.2.1:22`.
   *
   * @throws HardwareError METHOD_NOT_FOUND for an endpoint that has no such address, ARGUMENT_INVALID if the config of the
   *   driver hides the address
   */
  address(): Promise<string> {
    return this.call('address')
  }

  /**
   * Makes the endpoint reachable for other programs: each connection to a local port becomes one to the endpoint.
   *
   * @throws HardwareError ARGUMENT_INVALID when the port cannot be used
   *
   * @example
   * ```ts
   * await using web = await dut.web.forwardTcp()
   * const response = await fetch(`http://${web.address}/status`)
   * ```
   */
  forwardTcp(options: ForwardTcpOptions = {}): Promise<TcpForward> {
    return forwardTcp(this.opener(), options)
  }

  /**
   * Makes the endpoint reachable at a unix socket of this machine.
   *
   * @throws HardwareError ARGUMENT_INVALID when the socket cannot be made
   */
  async forwardUnix({ path, ...options }: ForwardUnixOptions = {}): Promise<UnixForward> {
    const folder = path === undefined ? await createPrivateFolder() : undefined
    const socketPath = path ?? join(folder?.path ?? '', 'forward.sock')
    try {
      const forwarder = await forwardConnections({ path: socketPath }, this.opener(), options)
      return {
        path: socketPath,
        async [Symbol.asyncDispose]() {
          await forwarder[Symbol.asyncDispose]()
          await folder?.remove()
        },
      }
    } catch (error) {
      await folder?.remove()
      throw error
    }
  }

  /** Opens connections with the limits of this moment: the listener calls the function later, outside of the test's limits. */
  private opener(): (signal: AbortSignal) => Promise<Duplex> {
    const { signal: outer, timeoutMs } = this.limits()
    return (signal) => this.with({ signal: anySignal(signal, outer), timeoutMs }).connect()
  }
}
