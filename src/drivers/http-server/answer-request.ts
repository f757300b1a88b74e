import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'

import type { FileInside, Refusal } from '../served-folder/open-inside.ts'
import type { ServedFolder } from '../served-folder/served-folder.ts'
import { parseRange } from './byte-range.ts'

const refusals: Readonly<Record<Refusal, readonly [status: number, text: string]>> = {
  missing: [404, 'There is no such file'],
  forbidden: [403, 'Only plain files of this folder can be read'],
}

/**
 * Sends the file that a request asks for, or an error.
 *
 * @returns a description of the answer, for the log
 * @throws the error of the file or of the connection during the transfer
 */
export async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  folder: ServedFolder,
): Promise<string> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return refuse(response, 405, 'Files can only be read here')
  }
  const path = pathOf(request.url ?? '')
  if (path === undefined) return refuse(response, 400, 'The path is not encoded as it has to be')
  const file = await folder.open(path)
  if (typeof file === 'string') return refuse(response, ...refusals[file])
  try {
    return await sendFile(request, response, file)
  } finally {
    await file.handle.close()
  }
}

async function sendFile(request: IncomingMessage, response: ServerResponse, { handle, size, modifiedMs }: FileInside) {
  const tag = `"${size.toString(16)}-${Math.round(modifiedMs * 1000).toString(16)}"`
  response.setHeader('Accept-Ranges', 'bytes')
  response.setHeader('ETag', tag)
  response.setHeader('Last-Modified', new Date(modifiedMs).toUTCString())
  // A client that has the beginning of one version cannot use a part of another version.
  const condition = request.headers['if-range']
  const wanted = condition === undefined || condition === tag ? request.headers.range : undefined
  const range = request.method === 'GET' ? parseRange(wanted, size) : undefined
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${size}`)
    return refuse(response, 416, 'The file is shorter')
  }
  const { start, end } = range ?? { start: 0, end: size - 1 }
  const length = end - start + 1
  if (range !== undefined) response.setHeader('Content-Range', `bytes ${start}-${end}/${size}`)
  response.writeHead(range === undefined ? 200 : 206, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': length,
  })
  if (request.method === 'HEAD' || length === 0) {
    response.end()
    return 'sent no content'
  }
  // A file that becomes shorter is an error then. Otherwise the client would wait for the rest.
  response.strictContentLength = true
  await pipeline(handle.createReadStream({ start, end, autoClose: false }), response)
  return `sent ${length} bytes`
}

function refuse(response: ServerResponse, status: number, text: string): string {
  const body = `${text}\n`
  response.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
  return `${status}: ${text}`
}

/** Reads the path in a request's target, which may be a whole URL; `undefined` if the encoding is wrong. */
function pathOf(target: string): string | undefined {
  const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/)
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
