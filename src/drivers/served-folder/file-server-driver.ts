import { Cleanups } from '../../base/cleanups.ts'
import { Driver } from '../../runtime/driver.ts'
import type { OpendalDriver } from '../opendal/opendal-driver.ts'
import type { FileServerConfig } from './config.ts'
import { type ListeningServer, RunningServer, type ServerLog } from './running-server.ts'
import { ServedFolder } from './served-folder.ts'

/** The differences between file servers. */
export interface FileServerKind {
  /** For the log: `TFTP`. */
  readonly name: string
  readonly defaultPort: number
  readonly listen: (options: ListenOptions) => Promise<ListeningServer>
}

/** Options of a listening server. */
export interface ListenOptions {
  readonly address: string
  readonly family: 4 | 6
  readonly port: number
  readonly folder: ServedFolder
  readonly logger: ServerLog
}

/**
 * A server that serves a folder to boards. Boards can only read; clients put files into the folder through the child `storage`, which
 * needs the package opendal. The server listens from `start` on.
 */
export abstract class FileServerDriver extends Driver {
  override readonly children: { readonly storage: OpendalDriver }
  protected readonly server: RunningServer
  readonly #folder: ServedFolder

  constructor(config: FileServerConfig, { name, defaultPort, listen }: FileServerKind) {
    super()
    const folder = new ServedFolder(config)
    const { logger } = this
    this.#folder = folder
    this.children = { storage: folder.storage }
    this.server = new RunningServer({
      name,
      host: config.host ?? '',
      port: config.port ?? defaultPort,
      logger,
      listen: (where) => listen({ ...where, folder, logger }),
    })
  }

  /** @throws HardwareError as the storage does, so that a mistake in the config is reported when the session starts */
  override reset() {
    return this.#folder.prepare()
  }

  /** @throws HardwareError DEVICE_IO when the port cannot be used */
  start() {
    return this.server.start()
  }

  stop() {
    return this.server.stop()
  }

  getHost() {
    return this.server.host()
  }

  getPort() {
    return this.server.port
  }

  override async close() {
    const cleanups = new Cleanups()
    cleanups.add('removal of the served folder', () => this.#folder.remove())
    cleanups.add('stop of the server', () => this.server.stop())
    await cleanups.run()
  }
}
