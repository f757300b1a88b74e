import { callSignal } from '../../runtime/call.ts'
import { SimulatedPower } from '../simulated-power.ts'
import type { Container } from './container.ts'

/** The power of a container: a running container is on. Its files keep their content while it is off. */
export class ContainerPower extends SimulatedPower {
  readonly #container: () => Container

  /** @param container finds the container of the session */
  constructor(container: () => Container) {
    super()
    this.#container = container
  }

  /** @throws HardwareError DEVICE_IO with the engine's reason when the container does not start */
  override on() {
    return this.#container().start(callSignal())
  }

  /** @param destroy also remove the container, so that the next one begins with the files of its image */
  override async off(destroy?: boolean | null) {
    const container = this.#container()
    await (destroy === true ? container.remove() : container.stop())
  }
}
