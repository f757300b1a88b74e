/** The bytes that have a meaning in a packet (GDB manual, "Remote Protocol, Overview"). */
const dollar = 0x24
const hash = 0x23
const percent = 0x25
const plus = 0x2b
const minus = 0x2d
const star = 0x2a
const brace = 0x7d

/** An escaped byte is this byte XORed with its real value. */
const escapeMask = 0x20
/** The character of a repeat count is the count plus this number. */
const repeatOffset = 29

/** The longest content of a packet, after its runs have been expanded. Stubs use some KiB. */
const defaultMaxLength = 1024 * 1024

/** A unit of gdb's remote serial protocol, as it comes. */
export type GdbUnit =
  /** A packet, or a notification, with the right checksum. */
  | { readonly kind: 'packet' | 'notification'; readonly content: Buffer }
  /** A packet whose checksum or escapes are wrong, or that is too long. */
  | { readonly kind: 'damaged'; readonly reason: string }
  /** The other side has, or has not, got a packet. */
  | { readonly kind: 'ack' | 'nak' }

/**
 * Makes a packet. The bytes that have a meaning in packets are escaped, which only packets with binary data may contain.
 *
 * @param content text, or bytes where there is binary data
 */
export function encodePacket(content: string | Uint8Array): Buffer {
  const escaped: number[] = []
  for (const byte of Buffer.from(content)) {
    if (byte === dollar || byte === hash || byte === brace || byte === star) escaped.push(brace, byte ^ escapeMask)
    else escaped.push(byte)
  }
  const body = Buffer.from(escaped)
  return Buffer.concat([Buffer.of(dollar), body, Buffer.of(hash), Buffer.from(hexByte(checksum(body)))])
}

/** Cuts the bytes of a stub into packets, wherever the stream is cut. Bytes outside of packets are dropped. */
export class PacketSplitter {
  readonly #maxLength: number
  /** The bytes of the packet under way, between its first byte and its checksum; `undefined` outside of a packet. */
  #body: number[] | undefined
  #isNotification = false
  /** The digits of the checksum that have come; `undefined` before it. */
  #digits: string | undefined
  #isTooLong = false

  /** @param options.maxLength the most bytes of a packet that are kept (default 1 MiB) */
  constructor({ maxLength = defaultMaxLength }: { readonly maxLength?: number } = {}) {
    this.#maxLength = maxLength
  }

  /** Takes the next piece. @returns the units that it completes */
  push(piece: Uint8Array): GdbUnit[] {
    const units: GdbUnit[] = []
    for (const byte of piece) {
      const unit = this.#take(byte)
      if (unit !== undefined) units.push(unit)
    }
    return units
  }

  #take(byte: number): GdbUnit | undefined {
    if (this.#body === undefined) {
      if (byte === plus) return { kind: 'ack' }
      if (byte === minus) return { kind: 'nak' }
      if (byte === dollar || byte === percent) this.#begin(byte === percent)
      return undefined
    }
    if (this.#digits !== undefined) {
      this.#digits += String.fromCharCode(byte)
      return this.#digits.length < 2 ? undefined : this.#end(this.#body, this.#digits)
    }
    // A stub that was reset in the middle of a packet begins another one. A dollar in a packet is always escaped.
    if (byte === dollar) {
      this.#begin(false)
      return { kind: 'damaged', reason: 'a packet has no end' }
    }
    if (byte === hash) this.#digits = ''
    else if (this.#body.length < this.#maxLength) this.#body.push(byte)
    else this.#isTooLong = true
    return undefined
  }

  #begin(isNotification: boolean): void {
    this.#isNotification = isNotification
    this.#body = []
    this.#digits = undefined
    this.#isTooLong = false
  }

  #end(body: readonly number[], digits: string): GdbUnit {
    this.#body = undefined
    this.#digits = undefined
    if (this.#isTooLong) return { kind: 'damaged', reason: `a packet has more than ${this.#maxLength} bytes` }
    const sum = checksum(body)
    if (digits.toLowerCase() !== hexByte(sum)) {
      return { kind: 'damaged', reason: `a packet has the checksum ${JSON.stringify(digits)}, not ${hexByte(sum)}` }
    }
    const expanded = expandRuns(body, this.#maxLength)
    const content = typeof expanded === 'string' ? expanded : unescape(expanded)
    if (typeof content === 'string') return { kind: 'damaged', reason: content }
    return { kind: this.#isNotification ? 'notification' : 'packet', content }
  }
}

/** Expands `0* `, a zero and three more. @returns the mistake of a packet that has one */
function expandRuns(body: readonly number[], maxLength: number): readonly number[] | string {
  if (!body.includes(star)) return body
  const expanded: number[] = []
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] ?? 0
    const isRun = byte === star
    const repeated = expanded.at(-1)
    const count = isRun ? (body[++at] ?? 0) - repeatOffset : 0
    if (!isRun) expanded.push(byte)
    else if (repeated === undefined || count < 1) return 'a packet has a run of nothing'
    else if (expanded.length + count > maxLength) return `a packet has more than ${maxLength} bytes`
    else for (let n = 0; n < count; n++) expanded.push(repeated)
  }
  return expanded
}

function unescape(bytes: readonly number[]): Buffer | string {
  const content = Buffer.alloc(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at] ?? 0
    if (byte === brace) {
      const escaped = bytes[++at]
      if (escaped === undefined) return 'a packet ends in the middle of an escaped byte'
      byte = escaped ^ escapeMask
    }
    content[length++] = byte
  }
  return content.subarray(0, length)
}

function checksum(bytes: Iterable<number>): number {
  let sum = 0
  for (const byte of bytes) sum = (sum + byte) & 0xff
  return sum
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
