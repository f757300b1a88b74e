import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'

import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Network } from '../../interfaces/network.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkConfig } from '../../base/check.ts'
import { hostPort } from '../../base/host-port.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { DatagramStream } from './datagram-stream.ts'
import { connectTimeoutMs, endpointAddress, type EndpointConfig, endpointRules, endpointUrl } from './endpoint.ts'

/** The config of {@link UdpNetwork}. */
export type UdpNetworkConfig = EndpointConfig

/** A UDP endpoint that the exporter can reach. Each connection has another socket, and so another local port. */
export class UdpNetwork extends Driver implements Implementation<typeof Network> {
  static readonly interface = Network
  static readonly configRules = endpointRules
  readonly #config: UdpNetworkConfig
  readonly #open = new Set<DatagramStream>()

  /** @throws TypeError with all mistakes of the config */
  constructor(config: UdpNetworkConfig) {
    super()
    checkConfig(config, UdpNetwork.configRules)
    this.#config = config
  }

  async connect() {
    const { host, port } = this.#config
    const url = endpointUrl('udp', this.#config)
    const limit = { name: `the connection to ${url}`, timeoutMs: connectTimeoutMs, signal: callSignal() }
    const { address, family } = await withTimeLimit(limit, () => lookup(host))
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    try {
      socket.connect(port, address)
      await withTimeLimit(limit, () => once(socket, 'connect'))
    } catch (error) {
      socket.close()
      throw error
    }
    const name = `udp://${hostPort(address, port)}`
    let lost = 0
    const stream = new DatagramStream(socket, name, () => {
      if (lost++ === 0) this.logger.warning(`datagrams of ${name} are lost: the client does not read them in time`)
    })
    this.#open.add(stream)
    stream.on('close', () => {
      this.#open.delete(stream)
      if (lost > 1) this.logger.warning(`${lost} datagrams of ${name} were lost`)
    })
    return stream
  }

  address() {
    return endpointAddress('udp', this.#config)
  }

  override close() {
    for (const stream of this.#open) stream.destroy(new HardwareError('DEVICE_IO', 'The connection has been closed'))
  }
}
