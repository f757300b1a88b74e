/** The answer of a mock to a request. */
export interface MockResponse {
  /** Default 200. */
  readonly status?: number | undefined
  /** A text, or a value that is sent as JSON (default: an empty text). */
  readonly body?: unknown
  /** Default `application/json`. */
  readonly contentType?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The wait before the answer, in milliseconds (default none). */
  readonly latencyMs?: number | undefined
}

/** A response in the form of Jumpstarter's driver. */
export function toWireResponse(response: MockResponse): Record<string, unknown> {
  const { status = 200, body = '', contentType = 'application/json', headers, latencyMs } = response
  return {
    status,
    body,
    content_type: contentType,
    ...(headers && { headers }),
    ...(latencyMs !== undefined && { latency_ms: latencyMs }),
  }
}
