import { once } from 'node:events'
import { connect as connectSocket, type NetConnectOpts, type Socket } from 'node:net'

import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Network } from '../../interfaces/network.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'

/** How long a connection may take to come about, in milliseconds. */
const connectTimeoutMs = 30_000

async function openSocket(options: NetConnectOpts): Promise<Socket> {
  const socket = connectSocket({ ...options, allowHalfOpen: true })
  try {
    await once(socket, 'connect', { signal: AbortSignal.any([callSignal(), AbortSignal.timeout(connectTimeoutMs)]) })
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** What {@link TcpNetwork} is configured with. */
export interface TcpNetworkConfig {
  readonly host: string
  readonly port: number
  /** Whether clients may learn the address (default true). */
  readonly enable_address?: boolean
}

/** A TCP endpoint that the exporter can reach. */
export class TcpNetwork extends Driver implements Implementation<typeof Network> {
  static readonly interface = Network
  readonly #config: TcpNetworkConfig

  constructor(config: TcpNetworkConfig) {
    super()
    if (typeof config.host !== 'string' || config.host === '') throw new TypeError('host is missing')
    if (!Number.isInteger(config.port) || config.port < 1 || config.port > 65535) {
      throw new TypeError(`port is ${String(config.port)}; it has to be a number from 1 to 65535`)
    }
    this.#config = config
  }

  connect() {
    return openSocket({ host: this.#config.host, port: this.#config.port })
  }

  address() {
    const { host, port, enable_address: enabled = true } = this.#config
    if (!enabled)
      throw new HardwareError('ARGUMENT_INVALID', 'The lab does not tell this address (enable_address: false)')
    return `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`
  }
}

/** What {@link UnixNetwork} is configured with. */
export interface UnixNetworkConfig {
  readonly path: string
}

/** A unix socket on the exporter's machine. It has no address elsewhere. */
export class UnixNetwork extends Driver {
  static readonly interface = { ...Network, methods: { connect: Network.methods.connect } }
  readonly #path: string

  constructor(config: UnixNetworkConfig) {
    super()
    if (typeof config.path !== 'string' || config.path === '') throw new TypeError('path is missing')
    this.#path = config.path
  }

  connect() {
    return openSocket({ path: this.#path })
  }
}
