/** Does something when a signal is aborted, at once where it is already. @returns what ends the wait */
export function whenAborted(signal: AbortSignal | undefined, abort: () => void): () => void {
  if (signal === undefined) return () => undefined
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return () => signal.removeEventListener('abort', abort)
}
