import type { Duplex } from 'node:stream'

import { anySignal } from '../../base/abort.ts'
import type { InterfaceDefinition } from '../../interfaces/define.ts'
import { Network } from '../../interfaces/network.ts'
import type { Console } from '../console.ts'
import { type ConsoleOptions, defaultExpectTimeoutMs } from '../console/console-base.ts'
import { createConsole } from '../create-console.ts'
import { DriverClient } from '../driver-client.ts'
import type { ForwardTcpOptions, TcpForward } from '../forward-tcp.ts'
import type { ForwardUnixOptions, UnixForward } from '../forward-unix.ts'

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
  async forwardTcp(options: ForwardTcpOptions = {}): Promise<TcpForward> {
    const open = this.opener()
    const { forwardTcp } = await import('../forward-tcp.ts')
    return forwardTcp(open, options)
  }

  /**
   * Makes the endpoint reachable at a unix socket of this machine.
   *
   * @throws HardwareError ARGUMENT_INVALID when the socket cannot be made
   */
  async forwardUnix(options: ForwardUnixOptions = {}): Promise<UnixForward> {
    const open = this.opener()
    const { forwardUnix } = await import('../forward-unix.ts')
    return forwardUnix(open, options)
  }

  /** Opens connections with the limits of this moment: the listener calls the function later, outside of the test's limits. */
  private opener(): (signal: AbortSignal) => Promise<Duplex> {
    const { signal: outer, timeoutMs } = this.limits()
    return (signal) => this.with({ signal: anySignal(signal, outer), timeoutMs }).connect()
  }
}
