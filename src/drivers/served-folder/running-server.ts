import { Mutex } from '../../base/mutex.ts'
import type { Driver } from '../../runtime/driver.ts'
import { hostPort } from '../../base/host-port.ts'
import { resolveHost, type ServerAddress } from './addresses.ts'

/** The log of a server. */
export type ServerLog = Pick<Driver['logger'], 'info' | 'warning'>

/** A server that listens, until it is disposed of. */
export interface ListeningServer extends AsyncDisposable {
  /** The port in use. */
  readonly port: number
}

/** Options of {@link RunningServer}. */
export interface RunningServerOptions {
  /** The kind of server, for the log. */
  readonly name: string
  /** The host of the config; empty if it has none. */
  readonly host: string
  /** The port of the config. */
  readonly port: number
  readonly logger: ServerLog
  readonly listen: (where: { address: string; family: 4 | 6; port: number }) => Promise<ListeningServer>
}

/** A server that can be started and stopped several times. The start of a running server changes nothing. */
export class RunningServer {
  readonly #options: RunningServerOptions
  #address: Promise<ServerAddress> | undefined
  #server: ListeningServer | undefined
  readonly #mutex = new Mutex()

  constructor(options: RunningServerOptions) {
    this.#options = options
  }

  /** The address, or the name, at which boards reach the server. */
  async host(): Promise<string> {
    return (await this.#resolve()).host
  }

  /** The port in use, or the port of the config while the server does not run. */
  get port(): number {
    return this.#server?.port ?? this.#options.port
  }

  /** @throws HardwareError DEVICE_IO when the server cannot listen */
  start(): Promise<void> {
    return this.#mutex.run(async () => {
      const { name, logger, listen, port } = this.#options
      if (this.#server !== undefined) {
        logger.warning(`the ${name} server runs already`)
        return
      }
      const { address, family } = await this.#resolve()
      this.#server = await listen({ address, family, port })
      logger.info(`serves ${name} on ${hostPort(address, this.#server.port)}`)
    })
  }

  stop(): Promise<void> {
    return this.#mutex.run(async () => {
      const server = this.#server
      this.#server = undefined
      if (server === undefined) return
      await server[Symbol.asyncDispose]()
      this.#options.logger.info(`serves ${this.#options.name} no more`)
    })
  }

  #resolve(): Promise<ServerAddress> {
    this.#address ??= resolveHost(this.#options.host).catch((error: unknown) => {
      // The name may be known later.
      this.#address = undefined
      throw error
    })
    return this.#address
  }
}
