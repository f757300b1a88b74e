/** The longest message whose length is in the short form of a first frame, in bytes. */
const maxShortLength = 0xfff
/** The separation time that reserved values stand for, in milliseconds (ISO 15765-2, 9.6.5.5). */
const longestSeparationMs = 127

/** The answers of a receiver to a sender, by their numbers. */
const flowStatuses = ['continue', 'wait', 'overflow'] as const

/** The answer of a receiver to a sender. */
export type FlowStatus = (typeof flowStatuses)[number]

/** What a receiver allows. */
export interface FlowControl {
  readonly status: FlowStatus
  /** The number of frames until the next flow control; 0 has no limit. */
  readonly blockSize: number
  /** The least time between two frames, in milliseconds. */
  readonly separationMs: number
}

/** The content of a frame of ISO-TP. */
export type Pdu =
  | { readonly kind: 'single'; readonly data: Buffer }
  | { readonly kind: 'first'; readonly length: number; readonly data: Buffer }
  | { readonly kind: 'consecutive'; readonly sequence: number; readonly data: Buffer }
  | ({ readonly kind: 'flow' } & FlowControl)
  /** Bytes that are no content of ISO-TP. The standard ignores them. */
  | { readonly kind: 'invalid'; readonly why: string }

/**
 * Reads the content of a frame (ISO 15765-2, 9.6).
 *
 * @param payload the data of the frame, without the prefix of its address
 * @param frameLength the bytes of the frame, with the prefix
 */
export function parsePdu(payload: Buffer, frameLength: number): Pdu {
  const head = payload[0]
  if (head === undefined) return invalid('it is empty')
  const low = head & 0xf
  switch (head >> 4) {
    case 0:
      return parseSingle(payload, low, frameLength)
    case 1:
      return parseFirst(payload, low)
    case 2:
      return { kind: 'consecutive', sequence: low, data: payload.subarray(1) }
    case 3:
      return parseFlow(payload, low)
    default:
      return invalid(`it begins with ${hex(head)}`)
  }
}

function parseSingle(payload: Buffer, low: number, frameLength: number): Pdu {
  // A frame above 8 bytes has the length in its second byte.
  const isLong = frameLength > 8
  if (isLong && low !== 0) return invalid('its length is not where it has to be in a frame above 8 bytes')
  const length = isLong ? (payload[1] ?? 0) : low
  const data = payload.subarray(isLong ? 2 : 1)
  if (length === 0 || length > data.length) return invalid(`it says ${length} bytes and has ${data.length}`)
  return { kind: 'single', data: data.subarray(0, length) }
}

function parseFirst(payload: Buffer, low: number): Pdu {
  if (payload.length < 2) return invalid('it has no length')
  const short = (low << 8) | payload.readUInt8(1)
  if (short === 0 && payload.length < 6) return invalid('it has no length')
  const [length, data] = short === 0 ? [payload.readUInt32BE(2), payload.subarray(6)] : [short, payload.subarray(2)]
  // It would be a single frame.
  if (length <= data.length) return invalid(`it begins a message of ${length} bytes, which is in one frame`)
  return { kind: 'first', length, data }
}

function parseFlow(payload: Buffer, low: number): Pdu {
  const status = flowStatuses[low]
  const [, blockSize, separation] = payload
  if (blockSize === undefined || separation === undefined) return invalid(`it has ${payload.length} bytes`)
  if (status === undefined) return invalid(`it has the flow status ${low}`)
  return { kind: 'flow', status, blockSize, separationMs: separationMs(separation) }
}

/** @returns milliseconds */
function separationMs(value: number): number {
  if (value <= 0x7f) return value
  return value >= 0xf1 && value <= 0xf9 ? (value - 0xf0) / 10 : longestSeparationMs
}

function invalid(why: string): Pdu {
  return { kind: 'invalid', why }
}

const hex = (byte: number) => `0x${byte.toString(16).padStart(2, '0')}`

/** The head of a single frame. @param isLong true for a frame above 8 bytes */
export function singleHead(length: number, isLong: boolean): Buffer {
  return Buffer.from(isLong ? [0, length] : [length])
}

/** The head of the first frame of a message. */
export function firstHead(length: number): Buffer {
  if (length <= maxShortLength) return Buffer.of(0x10 | (length >> 8), length & 0xff)
  const head = Buffer.alloc(6)
  head[0] = 0x10
  head.writeUInt32BE(length, 2)
  return head
}

/** The head of a frame that follows the first one. @param sequence 0 to 15 */
export function consecutiveHead(sequence: number): Buffer {
  return Buffer.of(0x20 | sequence)
}

/** The whole content of flow control. @param separation the separation time in the form of the wire */
export function flowControl(status: FlowStatus, blockSize: number, separation: number): Buffer {
  return Buffer.of(0x30 | flowStatuses.indexOf(status), blockSize, separation)
}
