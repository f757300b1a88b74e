import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'

import { HardwareError, messageOf } from '../errors.ts'
import type { ResourceHandle } from '../interfaces/resource.ts'
import type { ContentEncoding, PresignedRequestHandle } from '../protocol/resources.ts'
import { noteFile } from '../recording/record-step.ts'
import type { DriverClient } from './driver-client.ts'

/** The bytes that are sent at a time. */
const sliceBytes = 64 * 1024

/** A file to send: its path, its bytes, a stream of bytes, or an http(s) URL from which the exporter itself gets the file. */
export type FileSource = string | Uint8Array | Readable | URL

/** A client whose driver reads and writes files. */
type FileClient = Pick<DriverClient, 'resource'>

/** Options of a file. */
export interface FileOptions {
  /** The compression of the file. The driver sees the content without it. */
  readonly encoding?: ContentEncoding | null | undefined
}

/**
 * Sends a file to a method of a driver.
 *
 * @param use calls the method with the handle
 * @throws HardwareError ARGUMENT_INVALID when the file cannot be read, else the error of the call
 */
export async function sendFile<T>(
  client: FileClient,
  source: FileSource,
  { encoding = null }: FileOptions,
  use: (handle: ResourceHandle) => Promise<T>,
): Promise<T> {
  if (isRemote(source)) return use(presigned(source, encoding))
  const content = await openSource(source)
  const { stream, handle } = await client.resource(encoding).catch((error: unknown) => {
    content.destroy()
    throw error
  })
  // The first of the two that breaks also destroys the other, whose error then says nothing.
  let broken = content.errored
  content.on('error', (error) => {
    if (stream.errored === null) broken ??= error
  })
  // An error of the stream is also an error of the call, and may come when nothing listens any more.
  stream.on('error', () => undefined)
  const pumped = pipeline(content, stream).catch(() => undefined)
  try {
    const result = await use(handle)
    if (broken === null) return result
  } catch (error) {
    if (broken === null) throw error
  } finally {
    stream.destroy()
    content.destroy()
    await pumped
  }
  throw unreadable(broken)
}

/**
 * Receives a file from a method of a driver.
 *
 * @param target the path or the stream to write to
 * @param use calls the method with the handle
 * @throws HardwareError ARGUMENT_INVALID when the file cannot be written, else the error of the call
 */
export async function receiveFile<T>(
  client: FileClient,
  target: string | Writable,
  { encoding = null }: FileOptions,
  use: (handle: ResourceHandle) => Promise<T>,
): Promise<T> {
  const sink = typeof target === 'string' ? await createTarget(target) : target
  const { stream, handle } = await client.resource(encoding).catch((error: unknown) => {
    sink.destroy()
    throw error
  })
  let broken = sink.errored
  sink.on('error', (error) => {
    if (stream.errored === null) broken ??= error
  })
  stream.on('error', () => undefined)
  const pumped = pipeline(stream, sink)
  pumped.catch(() => undefined)
  try {
    const result = await use(handle)
    await pumped
    return result
  } catch (error) {
    // The driver only sees that its stream has ended.
    throw broken === null ? error : unwritable(broken)
  } finally {
    stream.destroy()
    await pumped.catch(() => undefined)
  }
}

/**
 * Makes a file to receive into.
 *
 * @throws HardwareError ARGUMENT_INVALID when it cannot be written
 */
export async function createTarget(path: string): Promise<Writable> {
  const sink = createWriteStream(path)
  try {
    await once(sink, 'open')
    return sink
  } catch (cause) {
    throw unwritable(cause)
  }
}

/** The error of a file that cannot be read. */
export function unreadable(cause: unknown): HardwareError {
  return new HardwareError('ARGUMENT_INVALID', `Cannot read the file: ${messageOf(cause)}`, { cause })
}

/** The error of a file that cannot be written. */
export function unwritable(cause: unknown): HardwareError {
  return new HardwareError('ARGUMENT_INVALID', `Cannot write the file: ${messageOf(cause)}`, { cause })
}

/**
 * Opens a file to send.
 *
 * @throws HardwareError ARGUMENT_INVALID when there is none that can be read
 */
export async function openSource(source: string | Uint8Array | Readable | URL): Promise<Readable> {
  if (source instanceof Readable) return source
  if (source instanceof Uint8Array) return Readable.from(slices(source), { objectMode: false })
  try {
    await access(source, constants.R_OK)
    const { size, mtimeMs } = await stat(source)
    noteFile(typeof source === 'string' ? source : fileURLToPath(source), { size, mtimeMs })
  } catch (cause) {
    throw unreadable(cause)
  }
  return createReadStream(source)
}

/** Cuts bytes into pieces, so that they are not all queued for the wire at once. */
function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += sliceBytes) yield bytes.subarray(start, start + sliceBytes)
}

/** Finds the size of a file, in bytes; `undefined` for a stream, for what the exporter gets itself, and for a missing file. */
export async function sizeOf(source: FileSource): Promise<number | undefined> {
  if (source instanceof Uint8Array) return source.length
  if (source instanceof Readable || isRemote(source)) return undefined
  return stat(source).then(
    ({ size }) => size,
    () => undefined,
  )
}

/** True for a file that the exporter gets itself. */
export function isRemote(source: FileSource): source is URL {
  return source instanceof URL && source.protocol !== 'file:'
}

function presigned(url: URL, encoding: ContentEncoding | null): PresignedRequestHandle {
  if (encoding !== null) {
    throw new HardwareError('ARGUMENT_INVALID', `A file from ${url.protocol}//${url.host} cannot have an encoding`)
  }
  return { kind: 'presigned_request', headers: {}, url: url.href, method: 'GET' }
}
