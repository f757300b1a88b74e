import { isRecord } from '../base/check.ts'
import { HardwareError } from '../errors.ts'

/** The compressions of a file on a client's side. */
const contentEncodings = ['gzip', 'xz', 'bz2', 'zstd'] as const

/** One of {@link contentEncodings}. */
export type ContentEncoding = (typeof contentEncodings)[number]

/** A file that the client sends or receives on a stream that it has opened. */
export interface ClientStreamHandle {
  readonly kind: 'client_stream'
  readonly uuid: string
  readonly x_jmp_content_encoding: ContentEncoding | null
}

/** A file that the exporter itself gets from a web server, or puts there. */
export interface PresignedRequestHandle {
  readonly kind: 'presigned_request'
  readonly headers: Readonly<Record<string, string>>
  readonly url: string
  readonly method: 'GET' | 'PUT'
}

/** The handle of a file in the arguments of a driver's method. */
export type ResourceHandle = ClientStreamHandle | PresignedRequestHandle

/** The purpose of a stream: the JSON in its metadata entry `request`. */
export type StreamRequestHeader =
  | { readonly kind: 'driver'; readonly uuid: string; readonly method: string }
  | { readonly kind: 'resource'; readonly uuid: string; readonly x_jmp_content_encoding: ContentEncoding | null }

/** Metadata keys of `RouterService.Stream`. */
export const streamMetadata = {
  request: 'request',
  resource: 'resource',
  acceptEncoding: 'x_jmp_accept_encoding',
} as const

/**
 * Reads the metadata entry `request` of a stream.
 *
 * @throws {@link HardwareError} ARGUMENT_INVALID with the mistake
 */
export function parseStreamRequest(text: string | undefined): StreamRequestHeader {
  const request = parseJsonObject(text, "stream metadata 'request'")
  const { kind, uuid, method } = request
  if (typeof uuid !== 'string') throw invalid("stream metadata 'request' has no string 'uuid'")
  if (kind === 'driver') {
    if (typeof method !== 'string') throw invalid("stream metadata 'request' has no string 'method'")
    return { kind, uuid, method }
  }
  if (kind === 'resource') {
    return { kind, uuid, x_jmp_content_encoding: parseEncoding(request['x_jmp_content_encoding']) }
  }
  throw invalid(`stream metadata 'request' has kind ${JSON.stringify(kind)}; it is 'driver' or 'resource'`)
}

/**
 * Reads a handle, from metadata or from an argument.
 *
 * @throws {@link HardwareError} ARGUMENT_INVALID with the mistake
 */
export function parseResourceHandle(value: unknown): ResourceHandle {
  const handle = typeof value === 'string' ? parseJsonObject(value, 'resource handle') : value
  if (!isRecord(handle)) throw invalid('resource handle is not an object')
  if (handle['kind'] === 'client_stream' && typeof handle['uuid'] === 'string') {
    const encoding = parseEncoding(handle['x_jmp_content_encoding'])
    return { kind: 'client_stream', uuid: handle['uuid'], x_jmp_content_encoding: encoding }
  }
  if (handle['kind'] === 'presigned_request') {
    const { url, method } = handle
    if (typeof url !== 'string' || !URL.canParse(url)) throw invalid('resource handle has no valid url')
    if (method !== 'GET' && method !== 'PUT') throw invalid("resource handle's method is neither GET nor PUT")
    const given = isRecord(handle['headers']) ? handle['headers'] : {}
    const headers = Object.entries(given).map(([name, text]) => [name, String(text)])
    return { kind: 'presigned_request', url, method, headers: Object.fromEntries(headers) as Record<string, string> }
  }
  throw invalid(
    `resource handle has kind ${JSON.stringify(handle['kind'])}; it is 'client_stream' or 'presigned_request'`,
  )
}

function parseEncoding(value: unknown): ContentEncoding | null {
  if (value === null || value === undefined) return null
  const encoding = contentEncodings.find((known) => known === value)
  if (encoding === undefined) {
    throw invalid(`content encoding ${JSON.stringify(value)} is not known; known are ${contentEncodings.join(', ')}`)
  }
  return encoding
}

function parseJsonObject(text: string | undefined, what: string): Record<string, unknown> {
  if (text === undefined) throw invalid(`${what} is missing`)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw invalid(`${what} is not JSON`, error)
  }
  if (!isRecord(parsed)) throw invalid(`${what} is not a JSON object`)
  return parsed
}

function invalid(message: string, cause?: unknown): HardwareError {
  return new HardwareError('ARGUMENT_INVALID', message, { cause })
}
