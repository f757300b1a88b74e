import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'

import { HardwareError } from '../errors.ts'
import { type ClientStreamHandle, type ContentEncoding, parseResourceHandle } from '../protocol/resources.ts'
import type { AddressGuard } from './address-guard.ts'
import { contentOf } from './content/content-stream.ts'
import { openPresigned } from './presigned.ts'

interface Waiting {
  readonly driverUuid: string
  readonly encoding: ContentEncoding | null
  readonly stream: Duplex
}

/** The streams that clients have opened for files, and that no driver has taken yet. */
export class ResourceTable {
  readonly #waiting = new Map<string, Waiting>()
  readonly #guard: AddressGuard

  /** @param guard decides to which addresses presigned requests may go */
  constructor(guard: AddressGuard) {
    this.#guard = guard
  }

  /** Keeps a client's stream until the driver asks for it, or the stream closes. */
  add(driverUuid: string, encoding: ContentEncoding | null, stream: Duplex): ClientStreamHandle {
    const uuid = randomUUID()
    this.#waiting.set(uuid, { driverUuid, encoding, stream })
    stream.once('close', () => this.#waiting.delete(uuid))
    return { kind: 'client_stream', uuid, x_jmp_content_encoding: encoding }
  }

  /**
   * Opens the file of a handle.
   *
   * @throws HardwareError ARGUMENT_INVALID for an invalid handle, a handle of another driver, or a handle that was used before
   */
  async open(driverUuid: string, value: unknown, signal: AbortSignal): Promise<Duplex> {
    const handle = parseResourceHandle(value)
    if (handle.kind === 'presigned_request') return openPresigned(handle, this.#guard, signal)
    const waiting = this.#waiting.get(handle.uuid)
    if (waiting === undefined || waiting.driverUuid !== driverUuid) {
      throw new HardwareError(
        'ARGUMENT_INVALID',
        `There is no open resource ${handle.uuid} for this driver; a handle is good for one use, by the driver it was opened for`,
      )
    }
    this.#waiting.delete(handle.uuid)
    return contentOf(waiting.stream, waiting.encoding)
  }
}
