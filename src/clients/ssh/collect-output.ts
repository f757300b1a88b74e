import { once } from 'node:events'
import type { Readable } from 'node:stream'

/** The most output of a command that is kept, in bytes. */
export const maxOutput = 16 * 1024 * 1024

/** The output of a command, while it grows. */
export interface CollectedOutput {
  /** Everything so far, as UTF-8. */
  readonly text: string
  /** Is fulfilled when the output has ended. */
  readonly ended: Promise<unknown>
}

/**
 * Keeps what a stream gives.
 *
 * @param exceeded is called once, when there are more than {@link maxOutput} bytes; the rest is not kept
 */
export function collectOutput(stream: Readable, exceeded: () => void = () => undefined): CollectedOutput {
  const chunks: Buffer[] = []
  let length = 0
  stream.on('data', (chunk: Buffer) => {
    const before = length
    length += chunk.length
    if (length <= maxOutput) chunks.push(chunk)
    else if (before <= maxOutput) exceeded()
  })
  const ended = Promise.race([once(stream, 'end'), once(stream, 'close')]).catch(() => undefined)
  return {
    ended,
    get text() {
      return Buffer.concat(chunks).toString()
    },
  }
}
