import { Duplex, PassThrough, Readable } from 'node:stream'

import { HardwareError } from '../errors.ts'
import type { PresignedRequestHandle } from '../protocol/resources.ts'
import { timeLimitSignal } from '../time-limit.ts'

/** How long one file may take, as upstream's exporter has it (reference: Jumpstarter's presigned requests, 7200 s). */
const timeoutMs = 7_200_000

/**
 * Opens a file on a web server: GET to read it, PUT to write it. What is written is sent as it comes; the end of the
 * stream waits for the server's answer.
 *
 * @throws HardwareError ARGUMENT_INVALID for a URL that is not http(s), DEVICE_IO for an answer that is no success
 */
export async function openPresigned(handle: PresignedRequestHandle, signal: AbortSignal): Promise<Duplex> {
  const url = new URL(handle.url)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new HardwareError('ARGUMENT_INVALID', `A presigned request goes to http or https, not ${url.protocol}`)
  }
  const limit = AbortSignal.any([signal, timeLimitSignal({ name: `the transfer with ${url.host}`, timeoutMs })])
  const { headers, method } = handle
  if (method === 'GET') {
    const response = await fetch(url, { headers, signal: limit })
    check(response, handle)
    return Duplex.from({ readable: Readable.fromWeb(response.body ?? new Blob([]).stream()) })
  }
  const body = new PassThrough()
  const answer = fetch(url, { method, headers, body: Readable.toWeb(body), duplex: 'half', signal: limit })
  answer.catch((error: Error) => body.destroy(error))
  return Duplex.from({
    writable: Object.assign(body, {
      _final: (done: (error?: Error | null) => void) => {
        body.push(null)
        answer.then((response) => check(response, handle)).then(() => done(), done)
      },
    }),
  })
}

function check(response: Response, { method, url }: PresignedRequestHandle): void {
  if (response.ok) return
  const { origin, pathname } = new URL(url)
  throw new HardwareError('DEVICE_IO', `${method} ${origin}${pathname} answered ${response.status}`, { origin: 'lab' })
}
