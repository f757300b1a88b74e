import type { ClientReadableStream } from '@grpc/grpc-js'

/** The number of answers that may wait until the loop takes them. */
const maxWaiting = 64

/**
 * Reads the answers of a call in batches of those that came together. Node's own loop over a stream waits a turn of the event
 * loop for each. A call that fails gives the earlier answers first.
 */
export async function* inBatches<Response>(
  call: ClientReadableStream<Response>,
): AsyncGenerator<readonly Response[], void, void> {
  let waiting: Response[] = []
  let failure: unknown
  let ended = false
  let wake: (() => void) | undefined
  call.on('data', (response: Response) => {
    waiting.push(response)
    if (waiting.length >= maxWaiting) call.pause()
    wake?.()
  })
  call.on('error', (error) => (failure = error))
  call.on('end', () => {
    ended = true
    wake?.()
  })
  for (;;) {
    if (waiting.length > 0) {
      const batch = waiting
      waiting = []
      call.resume()
      yield batch
    } else if (ended) {
      if (failure !== undefined) throw failure
      return
    } else {
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
}
