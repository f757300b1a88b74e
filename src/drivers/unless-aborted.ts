import { once } from 'node:events'

/** Waits for something that cannot be cancelled, and stops waiting when a signal is aborted; throws its reason then. */
export async function unlessAborted<T>(wait: Promise<T>, signal: AbortSignal): Promise<T> {
  const settled = new AbortController()
  try {
    if (signal.aborted) wait.catch(() => undefined)
    signal.throwIfAborted()
    const aborted = once(signal, 'abort', { signal: settled.signal }).then(() => {
      throw signal.reason
    })
    return await Promise.race([wait, aborted])
  } finally {
    settled.abort()
  }
}
