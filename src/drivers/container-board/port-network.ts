import type { Implementation } from '../../interfaces/define.ts'
import { Network } from '../../interfaces/network.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { TcpNetwork } from '../network/socket-network.ts'
import type { Container } from './container.ts'

/** A TCP port of a container. The engine gives it another port of its machine at each power-on. */
export class ContainerPort extends Driver implements Implementation<typeof Network> {
  static readonly interface = Network
  readonly #container: () => Container
  readonly #port: number

  /** @param container finds the container of the session */
  constructor(container: () => Container, port: number) {
    super()
    this.#container = container
    this.#port = port
  }

  /** @throws HardwareError NOT_READY while the container is off */
  async connect() {
    return (await this.#network()).connect()
  }

  async address() {
    return (await this.#network()).address()
  }

  async #network(): Promise<TcpNetwork> {
    return new TcpNetwork(await this.#container().findPort(this.#port, callSignal()))
  }
}
