import { Driver } from '../../runtime/driver.ts'
import type { OpendalDriver } from '../opendal/opendal-driver.ts'
import type { FileServerConfig } from './config.ts'
import { type ListeningServer, RunningServer, type ServerLog } from './running-server.ts'
import { ServedFolder } from './served-folder.ts'

/** What differs between servers of files. */
export interface FileServerKind {
  /** For the log: `TFTP`. */
  readonly name: string
  readonly defaultPort: number
  readonly listen: (options: ListenOptions) => Promise<ListeningServer>
}

/** Where a server listens, and what it serves. */
export interface ListenOptions {
  readonly address: string
  readonly family: 4 | 6
  readonly port: number
  readonly folder: ServedFolder
  readonly logger: ServerLog
}

/**
 * A server that gives the files of a folder to boards, and takes none from them. Clients put them there through its child
 * `storage`, which needs the package opendal. It listens from `start` on.
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

  /** @throws HardwareError as the storage does; a lab learns of a mistake when the session starts */
  override reset() {
    return this.#folder.prepare()
  }

  /** @throws HardwareError DEVICE_IO when the port cannot be had */
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
    await this.server.stop()
    await this.#folder.remove()
  }
}
