import { pipeline, type Readable, Transform } from 'node:stream'

import { now } from '../base/clock.ts'
import type { FlashPhase, FlashStep } from '../interfaces/flasher.ts'
import type { ResourceHandle } from '../interfaces/resource.ts'
import type { DriverClient } from './driver-client.ts'
import { type FileOptions, type FileSource, isRemote, openSource, sendFile, sizeOf } from './files.ts'

/** The progress of a flash. */
export interface FlashProgress {
  /** The work that is under way; the last one is `done`, or `unchanged` for an image that was there already. */
  readonly phase: FlashPhase
  /** The bytes of this phase that are done. */
  readonly bytes: number
  /** The bytes of this phase; `undefined` if nobody knows. */
  readonly total: number | undefined
  /** The bytes in a second since this phase has begun; 0 at its begin. */
  readonly rate: number
}

/** Options of methods that tell the progress of a flash. */
export interface FlashProgressOptions {
  /**
   * Gets the progress. A driver that tells none, such as those of Jumpstarter, has the phases `upload`, `write` and `done`. An
   * error of this function ends the flash.
   */
  readonly onProgress?: ((progress: FlashProgress) => void) | undefined
}

/** The calls that write an image. */
interface FlashCalls {
  /** Calls the driver, which tells its progress. @returns false if it cannot, and has done nothing */
  readonly withSteps?: (handle: ResourceHandle, tell: (step: FlashStep) => void) => Promise<boolean>
  /** Calls a driver that tells no progress. */
  readonly plain: (handle: ResourceHandle) => Promise<void>
}

/** Sends an image to a driver that writes it, and tells the progress. */
export async function flashWithProgress(
  client: Pick<DriverClient, 'resource'>,
  image: FileSource,
  { onProgress, ...file }: FileOptions & FlashProgressOptions,
  { withSteps, plain }: FlashCalls,
): Promise<void> {
  const progress = new Progress(onProgress)
  const total = (await sizeOf(image)) ?? null
  progress.tell({ phase: 'upload', bytes: 0, total })
  const uploaded = Promise.withResolvers<void>()
  const sent = (bytes: number) => {
    // The driver may have begun another phase.
    if (progress.phase === 'upload') progress.tell({ phase: 'upload', bytes, total })
  }
  if (isRemote(image)) uploaded.resolve()
  const source = isRemote(image) ? image : countBytes(await openSource(image), sent, uploaded.resolve)
  await sendFile(client, source, file, async (handle) => {
    if ((await withSteps?.(handle, (step) => progress.tell(step))) === true) return
    const flashed = plain(handle)
    await Promise.race([flashed, uploaded.promise])
    progress.tell({ phase: 'write', bytes: 0, total })
    await flashed
    progress.tell({ phase: 'done', bytes: total ?? 0, total })
  })
}

/** Adds the rate to the steps of a flash. */
class Progress {
  readonly #receive: FlashProgressOptions['onProgress']
  #startedAt = 0
  /** The phase of the last step. */
  phase: FlashPhase | undefined

  constructor(receive: FlashProgressOptions['onProgress']) {
    this.#receive = receive
  }

  tell({ phase, bytes, total }: FlashStep): void {
    if (phase !== this.phase) this.#startedAt = now()
    this.phase = phase
    const seconds = (now() - this.#startedAt) / 1000
    this.#receive?.({ phase, bytes, total: total ?? undefined, rate: seconds > 0 ? bytes / seconds : 0 })
  }
}

/**
 * Counts the bytes of a file on their way.
 *
 * @param sent gets the bytes so far, with each piece
 * @param ended is called when all have been sent
 * @returns the file, to be read instead of `content`
 */
function countBytes(content: Readable, sent: (bytes: number) => void, ended: () => void): Readable {
  let bytes = 0
  const counted = new Transform({
    transform(piece: Uint8Array, _encoding, done) {
      bytes += piece.length
      sent(bytes)
      done(null, piece)
    },
    flush(done) {
      ended()
      done()
    },
  })
  pipeline(content, counted, () => undefined)
  return counted
}
