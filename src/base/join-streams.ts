import { type Duplex, pipeline } from 'node:stream'

import { startTimer, stopTimer } from './clock.ts'

/** The longest time from the end of one direction to the end of the other, in milliseconds. */
const drainTimeoutMs = 1_000

/**
 * Copies the output of each of two streams to the other. The end of one direction ends both, because HTTP/2 cannot use half of
 * a connection. The other side gets the end of its input first, and has a second to answer before the streams are destroyed.
 *
 * @param ended is called once when both streams have ended, with the error if there was one
 */
export function joinStreams(one: Duplex, other: Duplex, ended: (error: Error | undefined) => void): void {
  let drainTimer: NodeJS.Timeout | undefined
  let hasEnded = false
  const finish = (error?: Error) => {
    stopTimer(drainTimer)
    if (!hasEnded) ended(error)
    hasEnded = true
    one.destroy()
    other.destroy()
  }
  const end = (error: NodeJS.ErrnoException | null | undefined) => {
    if (error !== null && error !== undefined) finish(error)
    else if (drainTimer === undefined) drainTimer = startTimer(finish, drainTimeoutMs)
    else finish()
  }
  pipeline(one, other, end)
  pipeline(other, one, end)
}
