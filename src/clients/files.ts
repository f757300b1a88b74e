import { createReadStream, createWriteStream } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { HardwareError, messageOf } from '../errors.ts'
import type { ResourceHandle } from '../interfaces/resource.ts'
import type { ContentEncoding, PresignedRequestHandle } from '../protocol/resources.ts'
import type { DriverClient } from './driver-client.ts'

/** A file to send: its path, its bytes, a stream of them, or an http(s) URL that the exporter itself gets. */
export type FileSource = string | Uint8Array | Readable | URL

/** What else there is to say of a file. */
export interface FileOptions {
  /** How the file is compressed; the driver gets, and gives, its content. */
  readonly encoding?: ContentEncoding | null
}

/**
 * Sends a file to a method of a driver.
 *
 * @param use calls the method with the handle
 * @throws HardwareError ARGUMENT_INVALID when the file cannot be read, else what the call throws
 */
export async function sendFile<T>(
  client: DriverClient,
  source: FileSource,
  { encoding = null }: FileOptions,
  use: (handle: ResourceHandle) => Promise<T>,
): Promise<T> {
  if (source instanceof URL && source.protocol !== 'file:') return use(presigned(source, encoding))
  const content = await open(source)
  const { stream, handle } = await client.resource(encoding)
  // It fails when the driver has had enough, or the source breaks; which of them, the source knows.
  const pumped = pipeline(content, stream).catch(() => undefined)
  try {
    const result = await use(handle)
    if (content.errored === null) return result
  } catch (error) {
    if (content.errored === null) throw error
  } finally {
    stream.destroy()
    content.destroy()
    await pumped
  }
  throw new HardwareError('ARGUMENT_INVALID', `Cannot read the file: ${messageOf(content.errored)}`, {
    cause: content.errored,
  })
}

/**
 * Receives a file from a method of a driver.
 *
 * @param target where to write it: a path or a stream
 * @param use calls the method with the handle
 */
export async function receiveFile<T>(
  client: DriverClient,
  target: string | Writable,
  { encoding = null }: FileOptions,
  use: (handle: ResourceHandle) => Promise<T>,
): Promise<T> {
  const { stream, handle } = await client.resource(encoding)
  const sink = typeof target === 'string' ? createWriteStream(target) : target
  const pumped = pipeline(stream, sink)
  pumped.catch(() => undefined)
  try {
    const result = await use(handle)
    await pumped
    return result
  } finally {
    stream.destroy()
  }
}

async function open(source: string | Uint8Array | Readable | URL): Promise<Readable> {
  if (source instanceof Readable) return source
  if (source instanceof Uint8Array) return Readable.from([source], { objectMode: false })
  try {
    await access(source, constants.R_OK)
  } catch (cause) {
    throw new HardwareError('ARGUMENT_INVALID', `Cannot read the file: ${messageOf(cause)}`, { cause })
  }
  return createReadStream(source)
}

function presigned(url: URL, encoding: ContentEncoding | null): PresignedRequestHandle {
  if (encoding !== null) {
    throw new HardwareError('ARGUMENT_INVALID', `A file from ${url.protocol}//${url.host} cannot have an encoding`)
  }
  return { kind: 'presigned_request', headers: {}, url: url.href, method: 'GET' }
}
