import type { Readable } from 'node:stream'

/**
 * Ends a stream with an error when all its data has been read: `destroy()` drops the data that waits, which may be the last words of
 * a device. A stream without data ends at once.
 */
export function failAfterData(stream: Readable, error: Error): void {
  if (stream.readableLength === 0) {
    stream.destroy(error)
    return
  }
  const emit = stream.emit.bind(stream)
  // Node emits `end` after the last data, and has no event for an error at that place.
  stream.emit = (event: string | symbol, ...values: unknown[]): boolean => {
    if (event !== 'end') return emit(event, ...values)
    stream.destroy(error)
    return true
  }
  stream.push(null)
}
