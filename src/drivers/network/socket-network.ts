import type { Implementation } from '../../interfaces/define.ts'
import { Network } from '../../interfaces/network.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkConfig, rules } from '../../base/check.ts'
import { endpointAddress, type EndpointConfig, endpointRules, endpointUrl } from './endpoint.ts'
import { openSocket } from './open-socket.ts'

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
