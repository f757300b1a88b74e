import { once } from 'node:events'
import { connect as connectSocket, type NetConnectOpts, type Socket } from 'node:net'

import type { Implementation } from '../../interfaces/define.ts'
import { Network } from '../../interfaces/network.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { checkConfig, rules } from '../../base/check.ts'
import { connectTimeoutMs, endpointAddress, type EndpointConfig, endpointRules, endpointUrl } from './endpoint.ts'

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

/** The config of {@link TcpNetwork}. */
export type TcpNetworkConfig = EndpointConfig

/** A TCP endpoint that the exporter can reach; `forwardTcp()` makes it reachable for the test. */
export class TcpNetwork extends Driver implements Implementation<typeof Network> {
  static readonly interface = Network
  static readonly configRules = endpointRules
  readonly #config: TcpNetworkConfig

  /** @throws TypeError with all mistakes of the config */
  constructor(config: TcpNetworkConfig) {
    super()
    checkConfig(config, TcpNetwork.configRules)
    this.#config = config
  }

  connect() {
    return openSocket(endpointUrl('tcp', this.#config), { host: this.#config.host, port: this.#config.port })
  }

  address() {
    return endpointAddress('tcp', this.#config)
  }
}

/** The config of {@link UnixNetwork}. */
export interface UnixNetworkConfig {
  readonly path: string
}

/** A unix socket on the exporter's machine; `forwardUnix()` makes it reachable for the test. It has no address elsewhere. */
export class UnixNetwork extends Driver {
  static readonly interface = { ...Network, methods: { connect: Network.methods.connect } }
  static readonly configRules = { path: rules.text }
  readonly #path: string

  /** @throws TypeError with all mistakes of the config */
  constructor(config: UnixNetworkConfig) {
    super()
    checkConfig(config, UnixNetwork.configRules)
    this.#path = config.path
  }

  connect() {
    return openSocket(`unix://${this.#path}`, { path: this.#path })
  }
}
