/** The bytes of telnet commands (RFC 854, RFC 855). */
export const telnet = { se: 240, sb: 250, will: 251, wont: 252, do: 253, dont: 254, iac: 255 } as const

/** A command of the negotiation of an option. */
export type TelnetVerb = typeof telnet.will | typeof telnet.wont | typeof telnet.do | typeof telnet.dont

/** The parts of what a telnet connection carries. */
export type TelnetPart =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'negotiation'; readonly verb: TelnetVerb; readonly option: number }
  | { readonly kind: 'subnegotiation'; readonly option: number; readonly payload: Buffer }

/** The longest subnegotiation, in bytes; those of RFC 2217 have up to six, but for the text of a signature. */
export const maxSubnegotiation = 1024

const isVerb = (byte: number): byte is TelnetVerb => byte >= telnet.will && byte <= telnet.dont

/** Doubles each byte 255, which would otherwise begin a command. */
export function escapeTelnet(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(telnet.iac)) return bytes
  const escaped = Buffer.alloc(2 * bytes.length)
  let length = 0
  for (const byte of bytes) {
    escaped[length++] = byte
    if (byte === telnet.iac) escaped[length++] = byte
  }
  return escaped.subarray(0, length)
}

/** The bytes of one step of a negotiation. */
export function telnetNegotiation(verb: TelnetVerb, option: number): Uint8Array {
  return Uint8Array.of(telnet.iac, verb, option)
}

/** The bytes of a subnegotiation. */
export function telnetSubnegotiation(option: number, payload: Uint8Array): Uint8Array {
  const body = escapeTelnet(Uint8Array.of(option, ...payload))
  return Uint8Array.of(telnet.iac, telnet.sb, ...body, telnet.iac, telnet.se)
}

/**
 * Takes a telnet connection apart. Data is not changed but for doubled bytes 255: as in the binary transmission of RFC 856, and
 * because servers of RFC 2217 send all else as it is, also before both sides have agreed on that.
 */
export class TelnetDecoder {
  #state: 'text' | 'command' | TelnetVerb = 'text'
  /** The bytes of the subnegotiation under way. */
  #subnegotiation: number[] | undefined

  /**
   * Takes the next bytes, cut anywhere. Commands that no serial port needs (`AYT`, `NOP` …) are left out.
   *
   * @throws RangeError for a subnegotiation that does not end
   */
  push(bytes: Buffer): TelnetPart[] {
    const parts: TelnetPart[] = []
    const data: Buffer[] = []
    const add = (part: TelnetPart) => {
      if (data.length > 0) parts.push({ kind: 'data', bytes: Buffer.concat(data.splice(0)) })
      parts.push(part)
    }
    const takeText = (text: Buffer) => {
      if (this.#subnegotiation === undefined) data.push(text)
      else if (this.#subnegotiation.length + text.length <= maxSubnegotiation) this.#subnegotiation.push(...text)
      else throw new RangeError(`the other side sends a telnet subnegotiation of more than ${maxSubnegotiation} bytes`)
    }
    for (let at = 0; at < bytes.length;) {
      if (this.#state === 'text') {
        const command = bytes.indexOf(telnet.iac, at)
        const end = command < 0 ? bytes.length : command
        if (end > at) takeText(bytes.subarray(at, end))
        if (command >= 0) this.#state = 'command'
        at = end + 1
      } else {
        const byte = bytes.readUInt8(at++)
        const part = this.#takeCommand(byte, takeText)
        if (part !== undefined) add(part)
      }
    }
    if (data.length > 0) parts.push({ kind: 'data', bytes: Buffer.concat(data) })
    return parts
  }

  /** Takes a byte of a command, after its byte 255. */
  #takeCommand(byte: number, takeText: (text: Buffer) => void): TelnetPart | undefined {
    if (typeof this.#state === 'number') {
      const verb = this.#state
      this.#state = 'text'
      return { kind: 'negotiation', verb, option: byte }
    }
    this.#state = 'text'
    if (byte === telnet.iac) {
      takeText(Buffer.of(byte))
      return undefined
    }
    // Any other command ends a subnegotiation, so that a lost end does not swallow the data that follows.
    const [option, ...payload] = this.#subnegotiation ?? []
    this.#subnegotiation = byte === telnet.sb ? [] : undefined
    if (isVerb(byte)) this.#state = byte
    if (byte !== telnet.se || option === undefined) return undefined
    return { kind: 'subnegotiation', option, payload: Buffer.from(payload) }
  }
}
