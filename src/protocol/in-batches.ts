import type { ClientReadableStream } from '@grpc/grpc-js'

/** How many answers may wait until the loop takes them. */
const maxWaiting = 64

/**
 * The answers of a call, those together that came together: Node's own loop over a stream waits a turn for each. A call
 * that fails gives what came before.
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
