import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

import { messageOf } from '../../errors.ts'
import { listenError } from '../served-folder/listen-error.ts'
import type { ServerLog } from '../served-folder/running-server.ts'
import type { ServedFolder } from '../served-folder/served-folder.ts'
import { answerRequest } from './answer-request.ts'

/** Options of {@link FileHttpServer.listen}. */
export interface FileHttpServerOptions {
  readonly address: string
  readonly port: number
  readonly folder: ServedFolder
  readonly logger: ServerLog
  /** The longest pause of a connection during a transfer, in milliseconds. */
  readonly timeoutMs: number
}

/** Serves the files of a folder by HTTP. */
export class FileHttpServer implements AsyncDisposable {
  readonly #server: Server
  readonly #options: FileHttpServerOptions

  private constructor(server: Server, options: FileHttpServerOptions) {
    this.#server = server
    this.#options = options
    server.setTimeout(options.timeoutMs)
    server.on('error', (error) => options.logger.warning(error.message))
    server.on('request', (request, response) => void this.#answer(request, response))
  }

  /** @throws HardwareError DEVICE_IO when the port cannot be used */
  static async listen(options: FileHttpServerOptions): Promise<FileHttpServer> {
    const server = createServer()
    try {
      server.listen(options.port, options.address)
      await once(server, 'listening')
    } catch (cause) {
      throw listenError('HTTP', options, cause)
    }
    return new FileHttpServer(server, options)
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : this.#options.port
  }

  /** Stops listening, and closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { logger, folder } = this.#options
    const what = `${request.socket.remoteAddress}: ${request.method} ${request.url}`
    // The pipeline handles errors as well, but it does not exist while the file is being opened.
    response.on('error', () => undefined)
    try {
      logger.info(`${what}: ${await answerRequest(request, response, folder)}`)
    } catch (error) {
      logger.warning(`${what}: ${messageOf(error)}`)
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end()
    }
  }
}
