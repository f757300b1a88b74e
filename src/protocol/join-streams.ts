import { type Duplex, pipeline } from 'node:stream'

/**
 * Copies what each of two streams gives to the other. The end of either direction ends both, as is right for a connection
 * of HTTP/2, which has no use for half of one.
 *
 * @param over is told once when they have ended, with the error where there was one
 */
export function joinStreams(one: Duplex, other: Duplex, over: (error: Error | undefined) => void): void {
  let isOver = false
  const end = (error: NodeJS.ErrnoException | null | undefined) => {
    if (!isOver) over(error ?? undefined)
    isOver = true
    one.destroy()
    other.destroy()
  }
  pipeline(one, other, end)
  pipeline(other, one, end)
}
