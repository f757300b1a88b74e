/** Limits of one wait. */
export interface WaitOptions {
  /** Ends the wait, and cancels the call on the exporter's side. */
  readonly signal?: AbortSignal | undefined
  /** The longest the wait may take, in milliseconds. */
  readonly timeoutMs?: number | undefined
}
