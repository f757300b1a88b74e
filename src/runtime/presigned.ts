import type { ClientRequest, IncomingMessage } from 'node:http'
import { Duplex, Readable, Writable } from 'node:stream'

import { anySignal } from '../base/abort.ts'
import { timeLimitSignal } from '../base/time-limit.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { PresignedRequestHandle } from '../protocol/resources.ts'
import type { AddressGuard } from './address-guard.ts'
import { decodedBody } from './decoded-body.ts'

/** The longest time that one file may take, in milliseconds; Jumpstarter's exporter has the same. */
const timeoutMs = 7_200_000
/** The largest number of redirects that are followed; Jumpstarter's exporter has the same. */
const maxRedirects = 10

const redirects: ReadonlySet<number | undefined> = new Set([301, 302, 303, 307, 308])

/** Headers that are for one server alone: credentials, signatures, and the server's name. */
const headersOfOrigin = /^(?:authorization|proxy-authorization|cookie|host$|x-amz-|x-ms-|x-goog-)/i

interface HttpRequest {
  readonly method: 'GET' | 'PUT'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly guard: AddressGuard
  readonly signal: AbortSignal
}

/**
 * Opens a file on a web server: GET to read it, PUT to write it. Bytes are sent as they are written. The end of the stream waits
 * for the server's answer. Redirects of GET are followed; headers with credentials do not follow to another origin.
 *
 * @param guard decides to which addresses the requests may go
 * @throws HardwareError ARGUMENT_INVALID for a URL that is not http(s) and for a refused address, DEVICE_IO for a server that cannot be
 *   reached and an answer that is not successful
 */
export async function openPresigned(
  { url: text, method, headers }: PresignedRequestHandle,
  guard: AddressGuard,
  signal: AbortSignal,
): Promise<Duplex> {
  const url = new URL(text)
  const limit = timeLimitSignal({ name: `the transfer with ${url.host}`, timeoutMs })
  const request: HttpRequest = { method, url, headers, guard, signal: anySignal(signal, limit) }
  return method === 'GET' ? Duplex.from({ readable: await download(request) }) : upload(request)
}

async function download(first: HttpRequest): Promise<Readable> {
  let request = first
  for (let followed = 0; followed <= maxRedirects; followed++) {
    const { answer, sent } = await send(request)
    sent.end()
    const response = await answer
    if (!redirects.has(response.statusCode)) {
      checkStatus(response, request)
      return readBody(response, request)
    }
    response.destroy()
    request = redirected(request, response.headers.location)
  }
  throw failure(first, `failed: Too many redirects (${maxRedirects})`)
}

function redirected(request: HttpRequest, location: string | undefined): HttpRequest {
  if (location === undefined || !URL.canParse(location, request.url.href)) {
    throw failure(request, 'has a redirect with a missing Location header, or a wrong one')
  }
  const url = new URL(location, request.url)
  if (url.origin === request.url.origin) return { ...request, url }
  const kept = Object.entries(request.headers).filter(([name]) => !headersOfOrigin.test(name))
  return { ...request, url, headers: Object.fromEntries(kept) }
}

/** Reads an answer. Its errors name the URL. */
function readBody(response: IncomingMessage, request: HttpRequest): Readable {
  async function* read() {
    try {
      yield* decodedBody(response)
    } catch (cause) {
      throw broken(request, cause)
    }
  }
  return Readable.from(read(), { objectMode: false }).once('close', () => response.destroy())
}

async function upload(request: HttpRequest): Promise<Duplex> {
  const { answer, sent } = await send(request)
  const stored = answer.then((response) => {
    response.resume()
    checkStatus(response, request)
  })
  const writable = new Writable({
    write: (chunk: Buffer, _encoding, done) => void sent.write(chunk, () => done()),
    final: (done) => {
      sent.end()
      stored.then(() => done(), done)
    },
    destroy: (error, done) => {
      sent.destroy()
      done(error)
    },
  })
  stored.catch((error: Error) => writable.destroy(error))
  return Duplex.from({ writable })
}

/** Begins a request. */
async function send(request: HttpRequest): Promise<{ sent: ClientRequest; answer: Promise<IncomingMessage> }> {
  const { url, method, headers, guard, signal } = request
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new HardwareError('ARGUMENT_INVALID', `A presigned request goes to http or https, not ${url.protocol}`)
  }
  signal.throwIfAborted()
  guard.checkHost(url.hostname)
  const http = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  // A connection for this request alone: another one may go to an address that nobody has checked.
  const sent = http.request(url, { method, headers, lookup: guard.lookup, agent: false, signal })
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve)
    // An error after the answer is also one of the answer's stream.
    sent.on('error', (cause) => reject(broken(request, cause)))
  })
  return { sent, answer }
}

function checkStatus({ statusCode = 0, statusMessage = '' }: IncomingMessage, request: HttpRequest): void {
  if (statusCode >= 200 && statusCode < 300) return
  throw failure(request, `request failed: status=${statusCode}, reason='${statusMessage}'`)
}

/** The error of a connection that could not be made, or broke. */
function broken(request: HttpRequest, cause: unknown): unknown {
  if (request.signal.aborted) return request.signal.reason
  if (cause instanceof HardwareError) return cause
  return failure(request, `stream failed (connection/read error): ${messageOf(cause)}`, cause)
}

/** Makes an error. Parameters of the URL may be a signature, so it does not show them. */
function failure({ method, url }: HttpRequest, what: string, cause?: unknown): HardwareError {
  const { origin, pathname, search } = url
  const shown = `${origin}${pathname}${search === '' ? '' : '?[REDACTED]'}`
  return new HardwareError('DEVICE_IO', `Presigned HTTP ${method} ${what}, url=${shown}`, { cause, origin: 'lab' })
}
