import { type Duplex, pipeline } from 'node:stream'

/** How long the other direction may take to end when one has, in milliseconds. */
const farewellMs = 1_000

/**
 * Copies what each of two streams gives to the other. The end of either direction ends both, as is right for a connection
 * of HTTP/2, which has no use for half of one; but the other side is told of the end, and has a moment to answer, before
 * the streams are destroyed.
 *
 * @param over is told once when they have ended, with the error where there was one
 */
export function joinStreams(one: Duplex, other: Duplex, over: (error: Error | undefined) => void): void {
  let farewell: NodeJS.Timeout | undefined
  let isOver = false
  const finish = (error?: Error) => {
    clearTimeout(farewell)
    if (!isOver) over(error)
    isOver = true
    one.destroy()
    other.destroy()
  }
  const end = (error: NodeJS.ErrnoException | null | undefined) => {
    if (error !== null && error !== undefined) finish(error)
    else if (farewell === undefined) farewell = setTimeout(finish, farewellMs)
    else finish()
  }
  pipeline(one, other, end)
  pipeline(other, one, end)
}
