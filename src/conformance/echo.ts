import { createCipheriv, createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'

import { withTimeLimit } from '../base/time-limit.ts'
import { HardwareError } from '../errors.ts'

/** The way in which a device sends back what it gets. */
export interface EchoOptions {
  /** The most bytes that one write has (default 65 536; a serial port 16 384). For datagrams, the size of one. */
  readonly chunkBytes?: number | undefined
  /** The most bytes that are on their way at once (default 1 MiB; a serial port 65 536), for devices without flow control. */
  readonly windowBytes?: number | undefined
  /** The bytes of the large transfer (default 10 MiB). Choose less for a slow line. */
  readonly totalBytes?: number | undefined
}

/** Every byte value twice: in order, and backwards. */
export const everyByte: Buffer = Buffer.from(
  Array.from({ length: 512 }, (_, index) => (index < 256 ? index : 511 - index)),
)

/** Bytes that look random, the same at every call. */
export function testBytes(length: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(length))
}

/**
 * Sends bytes to a device that sends them back, and compares them.
 *
 * @param timeoutMs the longest that the next bytes may take to come back
 * @throws Error with the place of the first wrong byte, CALL_TIMEOUT when bytes are missing, DEVICE_IO when the stream ends early
 */
export async function echo(
  stream: Duplex,
  bytes: Buffer,
  { chunkBytes = 65_536, windowBytes = 1_048_576 }: EchoOptions,
  timeoutMs: number,
): Promise<void> {
  const incoming: AsyncIterator<Buffer> = stream.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]()
  const hash = createHash('sha256')
  let sent = 0
  let received = 0
  while (received < bytes.length) {
    while (sent < bytes.length && sent - received < windowBytes) {
      const chunk = bytes.subarray(sent, sent + Math.min(chunkBytes, windowBytes - (sent - received)))
      stream.write(chunk)
      sent += chunk.length
    }
    const name = `the echo of byte ${received} of ${bytes.length}`
    const next = await withTimeLimit({ name, timeoutMs }, () => incoming.next())
    if (next.done === true) throw new HardwareError('DEVICE_IO', `The stream ended before ${name}`)
    compare(bytes, next.value, received)
    hash.update(next.value)
    received += next.value.length
  }
  const expected = createHash('sha256').update(bytes).digest('hex')
  if (hash.digest('hex') !== expected) throw new Error(`The hash of the ${bytes.length} bytes is wrong`)
}

function compare(bytes: Buffer, chunk: Buffer, at: number): void {
  const wanted = bytes.subarray(at, at + chunk.length)
  if (wanted.equals(chunk)) return
  const index = chunk.findIndex((byte, offset) => byte !== wanted[offset])
  const [got, sent] = [chunk[index], wanted[index]]
  throw new Error(
    sent === undefined
      ? `The device sent more than the ${bytes.length} bytes that it got`
      : `Byte ${at + index} came back as ${hex(got)}, and was sent as ${hex(sent)}`,
  )
}

function hex(byte = 0): string {
  return `0x${byte.toString(16).padStart(2, '0')}`
}
