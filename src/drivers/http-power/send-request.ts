import { withTimeLimit } from '../../base/time-limit.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { HttpPowerCredentials, HttpPowerRequest } from './config.ts'

/** The longest answer that is read, in bytes. Those of relays have less than 10 KiB. */
const maxAnswerBytes = 1024 * 1024

const methodsWithBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** Options of {@link sendRequest}. */
export interface SendRequestOptions {
  /** The purpose of the request, as the begin of errors: `power_on of device`. */
  readonly name: string
  readonly credentials?: HttpPowerCredentials | undefined
  /** The longest that it may take, in milliseconds. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Sends a request, follows its redirects, and reads the answer to its end. Credentials do not follow to another host.
 *
 * @returns the text of the answer
 * @throws HardwareError of origin `lab`: DEVICE_IO when no answer, half an answer, or one that is not successful comes;
 *   UNAUTHENTICATED, LIMIT_EXCEEDED for an answer of more than 1 MiB, CALL_TIMEOUT; the signal's reason
 */
export async function sendRequest(request: HttpPowerRequest, options: SendRequestOptions): Promise<string> {
  const { name, timeoutMs, signal } = options
  const method = (request.method ?? 'GET').toUpperCase()
  const url = new URL(request.url)
  const shown = `${method} ${shownUrl(url)}`
  const authorization = authorizationOf(url, options.credentials)
  url.username = url.password = ''
  // Bytes, because fetch would add the content type of a text.
  const body = methodsWithBody.has(method) && request.data ? new TextEncoder().encode(request.data) : null
  // A kept connection to a device that has restarted would fail.
  const headers = { connection: 'close', ...(authorization === undefined ? {} : { authorization }) }
  const limit = { name: `${name}, ${shown},`, timeoutMs, signal, origin: 'lab' } as const
  return withTimeLimit(limit, async (ended) => {
    try {
      const response = await fetch(url, { method, headers, body, signal: ended })
      await requireSuccess(response)
      return await readAnswer(response)
    } catch (error) {
      if (ended.aborted) throw error
      const code = error instanceof HardwareError ? error.code : 'DEVICE_IO'
      throw new HardwareError(code, `${name}, ${shown}: ${explain(error)}`, { cause: error, origin: 'lab' })
    }
  })
}

/** Shows a URL without the credentials, which may be among the values of its parameters. */
function shownUrl({ origin, pathname, searchParams }: URL): string {
  const names = [...searchParams.keys()].map((name) => `${encodeURIComponent(name)}=…`)
  return `${origin}${pathname}${names.length === 0 ? '' : `?${names.join('&')}`}`
}

/** RFC 7617, section 2. Credentials of the config win over those of the URL, as with Jumpstarter's driver. */
function authorizationOf({ username, password }: URL, given: HttpPowerCredentials | undefined): string | undefined {
  if (given === undefined && username === '' && password === '') return undefined
  const { user, password: secret } = given ?? { user: decode(username), password: decode(password) }
  return `Basic ${Buffer.from(`${user ?? ''}:${secret ?? ''}`).toString('base64')}`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

async function readAnswer(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > maxAnswerBytes) {
      throw new HardwareError('LIMIT_EXCEEDED', `the answer has more than ${maxAnswerBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

async function requireSuccess({ ok, status, statusText, headers, body }: Response): Promise<void> {
  if (ok) return
  await body?.cancel()
  const answered = `the device answered ${status} ${statusText}`.trim()
  if (status !== 401 && status !== 403) throw new HardwareError('DEVICE_IO', answered)
  const [scheme = ''] = (headers.get('www-authenticate') ?? '').split(' ')
  const wanted = /^(?:|basic)$/i.test(scheme) ? '' : `; it asks for ${scheme}, and this driver has only Basic`
  throw new HardwareError('UNAUTHENTICATED', `${answered}: check auth.basic${wanted}`)
}

/** fetch has the reason in the cause of its error. */
function explain(error: unknown): string {
  if (error instanceof HardwareError) return error.message
  const cause = error instanceof Error ? error.cause : undefined
  return messageOf(cause ?? error)
}
