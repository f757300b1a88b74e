import { once } from 'node:events'
import { connect as connectSocket, type NetConnectOpts, type Socket } from 'node:net'

import type { Implementation } from '../../interfaces/define.ts'
import { Network } from '../../interfaces/network.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { withTimeLimit } from '../../time-limit.ts'
import { checkConfig, rules } from '../check-config.ts'
import { checkEndpoint, connectTimeoutMs, type EndpointConfig, endpointUrl } from './endpoint.ts'

async function openSocket(url: string, options: NetConnectOpts): Promise<Socket> {
  const limit = { name: `the connection to ${url}`, timeoutMs: connectTimeoutMs, signal: callSignal() }
  const socket = connectSocket({ ...options, allowHalfOpen: true })
  try {
    await withTimeLimit(limit, () => once(socket, 'connect'))
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** What {@link TcpNetwork} is configured with. */
export type TcpNetworkConfig = EndpointConfig

/** A TCP endpoint that the exporter can reach. */
export class TcpNetwork extends Driver implements Implementation<typeof Network> {
  static readonly interface = Network
  readonly #config: TcpNetworkConfig

  /** @throws TypeError with all mistakes of the config */
  constructor(config: TcpNetworkConfig) {
    super()
    checkEndpoint(config)
    this.#config = config
  }

  connect() {
    return openSocket(this.address(), { host: this.#config.host, port: this.#config.port })
  }

  address() {
    return endpointUrl('tcp', this.#config)
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

  /** @throws TypeError with all mistakes of the config */
  constructor(config: UnixNetworkConfig) {
    super()
    checkConfig(config, { path: rules.text })
    this.#path = config.path
  }

  connect() {
    return openSocket(`unix://${this.#path}`, { path: this.#path })
  }
}
