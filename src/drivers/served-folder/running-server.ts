import type { Driver } from '../../runtime/driver.ts'
import { resolveHost, type ServerAddress, urlHost } from './addresses.ts'

/** Where a server writes what it does. */
export type ServerLog = Pick<Driver['logger'], 'info' | 'warning'>

/** A server that listens, until it is disposed of. */
export interface ListeningServer extends AsyncDisposable {
  /** The port that it has. */
  readonly port: number
}

/** What {@link RunningServer} takes. */
export interface RunningServerOptions {
  /** The kind of server, for the log. */
  readonly name: string
  /** As the config has it; empty if it has none. */
  readonly host: string
  /** As the config has it. */
  readonly port: number
  readonly logger: ServerLog
  readonly listen: (where: { address: string; family: 4 | 6; port: number }) => Promise<ListeningServer>
}

/** A server that is started and stopped, again and again; starting one that runs changes nothing. */
export class RunningServer {
  readonly #options: RunningServerOptions
  #address: Promise<ServerAddress> | undefined
  #server: ListeningServer | undefined
  /** One step after another. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: RunningServerOptions) {
    this.#options = options
  }

  /** The address, or name, that boards reach it by. */
  async host(): Promise<string> {
    return (await this.#resolve()).host
  }

  /** The port that it has; while it does not run, the one of its config. */
  get port(): number {
    return this.#server?.port ?? this.#options.port
  }

  /** @throws HardwareError DEVICE_IO when it cannot listen */
  start(): Promise<void> {
    return this.#after(async () => {
      const { name, logger, listen, port } = this.#options
      if (this.#server !== undefined) {
        logger.warning(`the ${name} server runs already`)
        return
      }
      const { address, family } = await this.#resolve()
      this.#server = await listen({ address, family, port })
      logger.info(`serves ${name} on ${urlHost(address)}:${this.#server.port}`)
    })
  }

  stop(): Promise<void> {
    return this.#after(async () => {
      const server = this.#server
      this.#server = undefined
      if (server === undefined) return
      await server[Symbol.asyncDispose]()
      this.#options.logger.info(`serves ${this.#options.name} no more`)
    })
  }

  #resolve(): Promise<ServerAddress> {
    this.#address ??= resolveHost(this.#options.host).catch((error: unknown) => {
      // It may be known the next time.
      this.#address = undefined
      throw error
    })
    return this.#address
  }

  #after(step: () => Promise<void>): Promise<void> {
    const done = this.#last.then(step)
    this.#last = done.catch(() => undefined)
    return done
  }
}
