import { join } from 'node:path'
import type { Duplex } from 'node:stream'

import { Network } from '../interfaces/network.ts'
import { createPrivateFolder } from '../private-folder.ts'
import { type Console, type ConsoleOptions, defaultExpectTimeoutMs } from './console/console.ts'
import { createConsole } from './create-console.ts'
import { DriverClient } from './driver-client.ts'
import { forwardConnections, type ForwardOptions } from './forward.ts'

/** Where {@link NetworkClient.forwardTcp} listens. */
export interface ForwardTcpOptions extends ForwardOptions {
  /** The local address (default 127.0.0.1, which only this machine reaches). */
  readonly host?: string
  /** The local port (default 0: one that is free). */
  readonly port?: number
}

/** A local TCP port that leads to the device. Dispose of it to close the port and every connection. */
export interface TcpForward extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** Both, as in a URL: `127.0.0.1:40123`. */
  readonly address: string
}

/** Where {@link NetworkClient.forwardUnix} listens. */
export interface ForwardUnixOptions extends ForwardOptions {
  /** The path of the socket (default: in a new folder that only this user can enter). */
  readonly path?: string
}

/** A local unix socket that leads to the device. Dispose of it to remove the socket and close every connection. */
export interface UnixForward extends AsyncDisposable {
  readonly path: string
}

/** A network endpoint that the exporter can reach. */
export class NetworkClient extends DriverClient<typeof Network> {
  static readonly interface = Network

  /** Opens a connection to the endpoint. For UDP, one chunk is one datagram. */
  connect(): Promise<Duplex> {
    return this.stream('connect')
  }

  /**
   * A console on a connection to the endpoint, which is opened when it is used first: a terminal server, a monitor. Dispose
   * of it to close the connection.
   */
  console(options: ConsoleOptions = {}): Console {
    const limits = () => this.limits(defaultExpectTimeoutMs)
    return createConsole(this.node, () => this.connect(), { name: 'network', limits, ...options })
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

  /**
   * Makes the endpoint reachable for other programs: each connection to a local port becomes one to the endpoint.
   *
   * @throws HardwareError ARGUMENT_INVALID when the port cannot be had
   *
   * @example
   * ```ts
   * await using web = await dut.web.forwardTcp()
   * const response = await fetch(`http://${web.address}/status`)
   * ```
   */
  async forwardTcp({ host = '127.0.0.1', port = 0, ...options }: ForwardTcpOptions = {}): Promise<TcpForward> {
    const forwarder = await forwardConnections({ host, port }, this.opener(), options)
    return {
      host,
      port: forwarder.port,
      address: `${host.includes(':') ? `[${host}]` : host}:${forwarder.port}`,
      [Symbol.asyncDispose]: () => forwarder[Symbol.asyncDispose](),
    }
  }

  /**
   * The same on a unix socket.
   *
   * @throws HardwareError ARGUMENT_INVALID when there cannot be such a socket
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

  /** Opens connections under the limits that hold now, because a listener calls it at any time. */
  private opener(): (signal: AbortSignal) => Promise<Duplex> {
    const { signal: outer, timeoutMs } = this.limits()
    return (signal) => {
      const either = outer === undefined ? signal : AbortSignal.any([signal, outer])
      return this.with({ signal: either, timeoutMs }).connect()
    }
  }
}
