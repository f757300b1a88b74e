import type { TftpOptions } from './packets.ts'

/** How one file is sent. */
export interface TransferSettings {
  /** Bytes in a block. */
  readonly blockSize: number
  /** Blocks that are sent before an answer is waited for. */
  readonly windowSize: number
  /** How long to wait for an answer before sending again, in milliseconds; the transfer ends with the last one. */
  readonly waitsMs: readonly number[]
  /** What the client has asked for and gets, for the answer. */
  readonly accepted: TftpOptions
}

/** The block size without an option (RFC 1350), and the bounds of one with it (RFC 2348). */
const blockSizes = { default: 512, smallest: 8, largest: 65_464 } as const

/**
 * What may be under way at a time; RFC 7440 lets a server give less than it is asked for. Boot loaders have room for few
 * packets: U-Boot for 32 with virtio-net, of which it loses some when a window has as many. On a network of a
 * lab 16 blocks are as fast as more.
 */
const largestWindow = { blocks: 16, bytes: 512 * 1024 } as const

/**
 * Without the option: soon at first, for packets do get lost, but not so soon that a slow board gets all twice (some
 * clients give up when the answer to their options is repeated); and 16 s in all, for a board that has gone away.
 */
const defaultWaitsMs = [1000, 1000, 2000, 4000, 8000] as const

/** How often a packet is sent to a client that has chosen the time in between. */
const sendsWithTimeout = 6

/**
 * What a client gets of what it asks for (RFC 2347): its block size (RFC 2348), timeout and the file's size (RFC 2349),
 * and window (RFC 7440). An option that is unknown, or has a value that cannot be, is passed over.
 *
 * @param size of the file in bytes, where it is known
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
