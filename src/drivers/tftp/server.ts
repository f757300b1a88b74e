import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'

import { now } from '../../base/clock.ts'
import { messageOf } from '../../errors.ts'
import { listenError } from '../served-folder/listen-error.ts'
import type { ServerLog } from '../served-folder/running-server.ts'
import type { ServedFolder } from '../served-folder/served-folder.ts'
import { answerRequest } from './answer-request.ts'
import { decodePacket, encodePacket, isRequest, tftpErrors } from './packets.ts'
import type { Endpoint } from './peer.ts'
import { Refused, TransferEnded } from './transfer-ended.ts'

/** The most transfers at a time, so that untrusted clients cannot use up the exporter's open files. */
const maxTransfers = 128

/**
 * The time after a client's last packet in which the same request is a repetition, in milliseconds: requests and acknowledgements come
 * to two ports, and not always in their order. Later, the request is from a board that has restarted with the same port.
 */
const repetitionMs = 2000

/** Options of {@link TftpServer.listen}. */
export interface TftpServerOptions extends Endpoint {
  readonly family: 4 | 6
  readonly folder: ServedFolder
  readonly logger: ServerLog
}

interface Transfer {
  readonly request: Uint8Array
  readonly abort: AbortController
  /** The time of the client's last packet. */
  heardMs: number
  ended: Promise<void>
}

/** Serves the files of a folder by TFTP (RFC 1350). */
export class TftpServer implements AsyncDisposable {
  readonly #socket: Socket
  readonly #options: TftpServerOptions
  /** The latest transfer of every client, by its address and port. */
  readonly #latest = new Map<string, Transfer>()
  /** All transfers in progress, also those whose client has sent another request. */
  readonly #transfers = new Set<Transfer>()

  private constructor(socket: Socket, options: TftpServerOptions) {
    this.#socket = socket
    this.#options = options
    socket.on('error', (error) => options.logger.warning(error.message))
    socket.on('message', (bytes, client) => this.#take(bytes, client))
  }

  /** @throws HardwareError DEVICE_IO when the port cannot be used */
  static async listen(options: TftpServerOptions): Promise<TftpServer> {
    const socket = createSocket(options.family === 6 ? 'udp6' : 'udp4')
    try {
      socket.bind(options.port, options.address)
      await once(socket, 'listening')
    } catch (cause) {
      socket.close()
      throw listenError('TFTP', options, cause)
    }
    return new TftpServer(socket, options)
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** Stops listening, and ends the transfers in progress with an error to their clients. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    const transfers = [...this.#transfers]
    for (const { abort } of transfers) abort.abort(new Refused(tftpErrors.undefined, 'The server has been stopped'))
    await Promise.all([closed, ...transfers.map(({ ended }) => ended)])
  }

  #take(bytes: Uint8Array, client: RemoteInfo): void {
    if (!isRequest(bytes)) return
    const key = `${client.address}:${client.port}`
    const before = this.#latest.get(key)
    if (before !== undefined) {
      // A client repeats its request when the answer takes long. It gets the answer to the first one.
      const isRecent = now() - before.heardMs < repetitionMs
      if (isRecent && Buffer.compare(before.request, bytes) === 0) return
      before.abort.abort(new TransferEnded('the client asks anew'))
    }
    if (this.#transfers.size >= maxTransfers) {
      this.#options.logger.warning(`${key} is refused: there are ${maxTransfers} transfers`)
      const message = 'Too many transfers at a time'
      this.#socket.send(
        encodePacket({ kind: 'error', code: tftpErrors.undefined, message }),
        client.port,
        client.address,
        () => undefined,
      )
      return
    }
    this.#start(key, bytes, client)
  }

  #start(key: string, request: Uint8Array, client: RemoteInfo): void {
    const { address, folder, logger } = this.#options
    const transfer: Transfer = {
      request,
      abort: new AbortController(),
      heardMs: now(),
      ended: Promise.resolve(),
    }
    this.#latest.set(key, transfer)
    this.#transfers.add(transfer)
    const { signal } = transfer.abort
    const onHeard = () => {
      transfer.heardMs = now()
    }
    const packet = decodePacket(request)
    const name = packet !== undefined && 'path' in packet ? JSON.stringify(packet.path) : 'a broken request'
    transfer.ended = answerRequest(packet, { local: address, client, folder, signal, onHeard })
      .then((bytes) => logger.info(`${key} has ${name}, ${bytes} bytes`))
      .catch((error: unknown) => logger.warning(`${key} does not get ${name}: ${messageOf(error)}`))
      .finally(() => {
        this.#transfers.delete(transfer)
        if (this.#latest.get(key) === transfer) this.#latest.delete(key)
      })
  }
}
