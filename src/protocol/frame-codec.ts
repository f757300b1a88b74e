import { FrameType, type StreamRequest, type StreamResponse } from './generated/jumpstarter/v1/router_pb.ts'

/** The messages of both directions have the same fields. */
type Frame = StreamRequest | StreamResponse

/** Tags of the two fields: number and wire type (protobuf's encoding; router.proto). */
const payloadTag = (1 << 3) | 2
const frameTypeTag = (2 << 3) | 0

/**
 * Encodes a frame into one buffer of the right size. The generated encoder grows its buffer and copies the payload three
 * times, which was a fifth of what sending bytes cost.
 */
export function encodeFrame({ payload, frameType }: Frame): Buffer {
  const length = payload.length
  const header = length === 0 ? 0 : 1 + varintLength(length)
  const trailer = frameType === FrameType.DATA ? 0 : 1 + varintLength(frameType)
  const bytes = Buffer.allocUnsafe(header + length + trailer)
  let at = 0
  if (length > 0) {
    bytes[at++] = payloadTag
    at = writeVarint(bytes, length, at)
    bytes.set(payload, at)
    at += length
  }
  if (trailer > 0) {
    bytes[at++] = frameTypeTag
    writeVarint(bytes, frameType, at)
  }
  return bytes
}

function varintLength(value: number): number {
  let length = 1
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) length++
  return length
}

function writeVarint(bytes: Buffer, value: number, start: number): number {
  let at = start
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80
  bytes[at++] = rest
  return at
}
