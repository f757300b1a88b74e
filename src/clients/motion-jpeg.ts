import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import { withTimeLimit } from '../base/time-limit.ts'
import { HardwareError, messageOf } from '../errors.ts'

/** The longest picture with its header, in bytes. */
const maxPictureBytes = 64 * 1024 * 1024
const endOfHeader = Buffer.from('\r\n\r\n')

/** Options of {@link readPictures}. */
interface PictureOptions {
  /** The path of the stream at the server. */
  readonly path: string
  /** The name in errors: `camera.frames`. */
  readonly name: string
  /** The longest wait for a picture, in milliseconds. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/**
 * Reads pictures that an HTTP server sends one after another (`multipart/x-mixed-replace`), each a JPEG file. It ends when the
 * server ends the stream. Leaving the loop closes the connection.
 *
 * @throws HardwareError CALL_TIMEOUT when a picture does not come in time, CALL_FAILED when the server refuses or the stream breaks,
 *   RESULT_INVALID when the answer is no stream of pictures
 */
export async function* readPictures(connection: Duplex, options: PictureOptions): AsyncGenerator<Buffer, void, void> {
  const { name, timeoutMs, signal } = options
  const pictures = receive(connection, options)
  const limit = { name: `${name}: the wait for a picture`, timeoutMs, signal }
  try {
    for (;;) {
      const { done, value } = await withTimeLimit(limit, () => pictures.next())
      if (done === true) return
      yield value
    }
  } catch (cause) {
    if (cause instanceof HardwareError) throw cause
    throw new HardwareError('CALL_FAILED', `${name}: the stream of pictures broke: ${messageOf(cause)}`, { cause })
  } finally {
    connection.destroy()
  }
}

async function* receive(connection: Duplex, { path, name }: PictureOptions): AsyncGenerator<Buffer, void, void> {
  const request = get({ host: 'localhost', path, createConnection: () => connection })
  // An error after the answer is an error of the answer, too.
  request.on('error', () => undefined)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) {
    throw new HardwareError('CALL_FAILED', `${name}: the server answers ${path} with ${response.statusCode}`)
  }
  const type = response.headers['content-type'] ?? ''
  const boundary = /^multipart\/.*boundary="?(?:--)?([^";]+)/.exec(type)?.[1]
  if (boundary === undefined) {
    throw new HardwareError('RESULT_INVALID', `${name}: ${path} is no stream of pictures, but ${type || 'untyped'}`)
  }
  let received = Buffer.alloc(0)
  for await (const chunk of response as AsyncIterable<Buffer>) {
    received = Buffer.concat([received, chunk])
    for (let end = endOfPicture(received, boundary); end !== undefined; end = endOfPicture(received, boundary)) {
      yield received.subarray(received.indexOf(endOfHeader) + endOfHeader.length, end)
      received = received.subarray(end)
    }
    if (received.length > maxPictureBytes) {
      throw new HardwareError('RESULT_INVALID', `${name}: a picture has more than ${maxPictureBytes} bytes`)
    }
  }
}

/** The end of the first picture in the bytes; `undefined` if it has not come yet. */
function endOfPicture(received: Buffer, boundary: string): number | undefined {
  const header = received.indexOf(endOfHeader)
  if (header < 0) return undefined
  const start = header + endOfHeader.length
  const length = /^content-length: *(\d+)/im.exec(received.toString('latin1', 0, header))?.[1]
  const end = length === undefined ? received.indexOf(`\r\n--${boundary}`, start) : start + Number(length)
  return end < 0 || end > received.length ? undefined : end
}
