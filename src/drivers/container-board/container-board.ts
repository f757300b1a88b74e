import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

import { Cleanups } from '../../base/cleanups.ts'
import { createPrivateFolder, createWatchedFolder } from '../../base/private-folder.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { requireModule } from '../../driver-kit/requirements.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import { Container as ContainerInterface, type ContainerCommandOptions } from '../../interfaces/container.ts'
import type { Implementation } from '../../interfaces/define.ts'
import type { ResourceHandle } from '../../interfaces/resource.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { VirtualConsole } from '../virtual-console.ts'
import { checkContainerConfig, type ContainerBoardConfig, containerRules } from './config.ts'
import { Container } from './container.ts'
import { Engine } from './engine.ts'
import { ContainerPort } from './port-network.ts'
import { ContainerPower } from './power.ts'

/**
 * A container that stands for a board, of an image or a Dockerfile: power, console, TCP ports, commands and files (needs
 * `npm install testcontainers` and Docker, or an engine with its API). The container starts with the power, stops with it, and
 * keeps its files meanwhile; a restart is a power cycle.
 *
 * Its children are `power`, `console`, and one for each of `ports`.
 *
 * The end of the session removes the container. The containers of killed exporters are removed when the next one starts on the
 * same machine; testcontainers' own reaper (Ryuk) is not used, so `TESTCONTAINERS_RYUK_DISABLED` makes no difference.
 *
 * @example
 * ```yaml
 * export:
 *   board:
 *     type: "vitest-hardware/drivers#ContainerBoard"
 *     config:
 *       image: nginx:alpine
 *       ports: { web: 80 }
 *       files: { /usr/share/nginx/html/index.html: ./index.html }
 * ```
 */
export class ContainerBoard extends Driver implements Implementation<typeof ContainerInterface> {
  static readonly interface = ContainerInterface
  static readonly configRules = containerRules
  override readonly children: Readonly<Record<string, Driver>>
  readonly #config: ContainerBoardConfig
  readonly #cleanups = new Cleanups()
  #container: Container | undefined

  /** Says whether testcontainers and an engine are there. */
  static async check(_config: unknown, { signal }: CheckOptions = {}): Promise<readonly Requirement[]> {
    const library = await requireModule('testcontainers', () => import('testcontainers'))
    if (!library.isMet) return [library]
    const name = 'a container engine'
    try {
      const { operatingSystem } = (await Engine.connect(signal)).client.info.containerRuntime
      return [library, { name, isMet: true, found: operatingSystem }]
    } catch (error) {
      return [
        library,
        { name, isMet: false, found: messageOf(error), cure: 'install and start Docker, or set DOCKER_HOST' },
      ]
    }
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: ContainerBoardConfig) {
    super()
    checkContainerConfig(config)
    this.#config = config
    const container = () => this.#require()
    const ports = Object.entries(config.ports ?? {}).map(
      ([name, port]) => [name, new ContainerPort(container, port)] as const,
    )
    this.children = {
      power: new ContainerPower(container),
      console: new VirtualConsole(container),
      ...Object.fromEntries(ports),
    }
  }

  /**
   * Connects to the engine, removes the containers of killed exporters, and pulls or builds the image. The container is made at its
   * first use.
   */
  override async reset() {
    const signal = callSignal()
    const engine = await Engine.connect(signal)
    await engine.removeLeftovers(signal).catch((error: unknown) => this.logger.warning(messageOf(error)))
    const { image: name, dockerfile } = this.#config
    const image = await engine.prepareImage({ image: name ?? undefined, dockerfile: dockerfile ?? undefined }, signal)
    const folder = await createWatchedFolder()
    this.#cleanups.add('removal of the mark of the container', () => folder.remove())
    const container = new Container(this.#config, { engine, image, owner: folder.socket })
    this.#cleanups.add('removal of the container', () => container.remove(), 'self-limited')
    this.#container = container
  }

  override async close() {
    this.#container = undefined
    await this.#cleanups.run()
  }

  status() {
    return this.#require().state(callSignal())
  }

  exec(command: readonly string[], options?: ContainerCommandOptions | null) {
    if (!Array.isArray(command) || command.length === 0 || command.some((part) => typeof part !== 'string')) {
      throw new HardwareError(
        'ARGUMENT_INVALID',
        'The command has to be a list of texts: the program and its arguments',
      )
    }
    return this.#require().exec(command, options ?? {}, callSignal())
  }

  async upload(source: ResourceHandle, path: string) {
    // The engine wants to know the size of a file before its content.
    const folder = await createPrivateFolder()
    try {
      const file = join(folder.path, 'file')
      await pipeline(await this.resource(source), createWriteStream(file), { signal: callSignal() })
      await this.#require().write(file, path, callSignal())
    } finally {
      await folder.remove()
    }
  }

  async download(target: ResourceHandle, path: string) {
    const content = await this.#require().read(path, callSignal())
    await pipeline(content, await this.resource(target), { signal: callSignal() })
  }

  #require(): Container {
    if (this.#container !== undefined) return this.#container
    throw new HardwareError('NOT_READY', 'The container has no session')
  }
}
