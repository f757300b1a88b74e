import type { TftpOptions } from './packets.ts'

/** The settings of one transfer. */
export interface TransferSettings {
  /** Bytes in a block. */
  readonly blockSize: number
  /** The number of blocks that are sent before the server waits for an answer. */
  readonly windowSize: number
  /** The waits for an answer before each repetition, in milliseconds. The transfer ends after the last one. */
  readonly waitsMs: readonly number[]
  /** The accepted options, for the answer. */
  readonly accepted: TftpOptions
}

/** The block size without an option (RFC 1350), and the bounds of one with it (RFC 2348). */
const blockSizes = { default: 512, smallest: 8, largest: 65_464 } as const

/**
 * The largest window; RFC 7440 allows a server to grant a smaller one than requested. Boot loaders have few buffers: U-Boot has 32 with
 * virtio-net, and loses packets when a window is as large. In the network of a lab, 16 blocks are as fast as more.
 */
const largestWindow = { blocks: 16, bytes: 512 * 1024 } as const

/**
 * The waits without the option. The first ones are short, because packets get lost, but not so short that a slow board gets all packets
 * twice: some clients give up when the answer to their options is repeated. The sum, 16 s, is for a board that has disconnected.
 */
const defaultWaitsMs = [1000, 1000, 2000, 4000, 8000] as const

/** The number of times that a packet is sent to a client that has chosen the timeout. */
const sendsWithTimeout = 6

/**
 * Answers the options of a client (RFC 2347): block size (RFC 2348), timeout and size of the file (RFC 2349), and window (RFC 7440). An
 * unknown option, or one with a wrong value, is ignored.
 *
 * @param size the size of the file in bytes, if it is known
 */
export function negotiate(requested: TftpOptions, size: number | undefined): TransferSettings {
  const accepted = new Map<string, string>()
  const accept = (name: string, from: number, to: number, reply: (value: number) => number): number | undefined => {
    const text = requested.get(name) ?? ''
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= from && value <= to)) return undefined
    const answer = reply(value)
    accepted.set(name, String(answer))
    return answer
  }
  const blockSize =
    accept('blksize', blockSizes.smallest, Number.MAX_SAFE_INTEGER, (value) => Math.min(value, blockSizes.largest)) ??
    blockSizes.default
  const timeoutSeconds = accept('timeout', 1, 255, (value) => value)
  if (size !== undefined) accept('tsize', 0, Number.MAX_SAFE_INTEGER, () => size)
  const fitting = Math.floor(largestWindow.bytes / blockSize)
  const windowSize = accept('windowsize', 1, 65_535, (value) => Math.min(value, largestWindow.blocks, fitting)) ?? 1
  const waitsMs =
    timeoutSeconds === undefined ? defaultWaitsMs : Array<number>(sendsWithTimeout).fill(timeoutSeconds * 1000)
  return { blockSize, windowSize, waitsMs, accepted }
}
