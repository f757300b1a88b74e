import type { Duplex } from 'node:stream'

/** Is told of the gaps in a stream of bytes whose connection breaks and is made again. */
export interface GapListener {
  /** The connection has broken. Everything that came before has been read. */
  broken(error: Error): void
  /** The stream is open again. */
  mended(): void
}

const listeners = new WeakMap<Duplex, GapListener>()

/** Listens for the gaps of a stream. A stream that never connects again has none. */
export function listenForGaps(stream: Duplex, listener: GapListener): void {
  listeners.set(stream, listener)
}

/** The listener for the gaps of a stream. */
export function gapListenerOf(stream: Duplex): GapListener | undefined {
  return listeners.get(stream)
}
