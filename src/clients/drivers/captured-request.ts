/** A request that a proxy has seen, with the answer to it. */
export interface CapturedRequest {
  /** Seconds since 1970, by the clock of the exporter's machine. */
  readonly time: number
  readonly method: string
  readonly url: string
  /** The path with the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** The values of each name in the query. */
  readonly query: Readonly<Record<string, readonly string[]>>
  readonly body: string
  readonly response: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly contentType: string | null
    /** The text; null if it is long or no text. Then `file` has it. */
    readonly body: string | null
    /** A file on the exporter's machine. */
    readonly file: string | null
    /** Bytes. */
    readonly size: number
  }
  /** True if a mock answered. */
  readonly wasMocked: boolean
  /** True if a mock changed the answer. */
  readonly wasPatched: boolean
  /** The time until the answer, in milliseconds. */
  readonly durationMs: number
}

/** A request in the form of the wire. */
interface CapturedEvent extends Pick<CapturedRequest, 'method' | 'url' | 'path' | 'headers' | 'query' | 'body'> {
  readonly timestamp: number
  readonly response_status: number
  readonly response_headers?: Readonly<Record<string, string>>
  readonly response_content_type?: string | null
  readonly response_body?: string | null
  readonly response_body_file?: string | null
  readonly response_size: number
  readonly was_mocked: boolean
  readonly was_patched: boolean
  readonly duration_ms: number
}

/** Reads a request in the form of the wire. */
export function toCapturedRequest(given: unknown): CapturedRequest {
  const event = given as CapturedEvent
  return {
    time: event.timestamp,
    method: event.method,
    url: event.url,
    path: event.path,
    headers: event.headers,
    query: event.query,
    body: event.body,
    response: {
      status: event.response_status,
      headers: event.response_headers ?? {},
      contentType: event.response_content_type ?? null,
      body: event.response_body ?? null,
      file: event.response_body_file ?? null,
      size: event.response_size,
    },
    wasMocked: event.was_mocked,
    wasPatched: event.was_patched,
    durationMs: event.duration_ms,
  }
}
