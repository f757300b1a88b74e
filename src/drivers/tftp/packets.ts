/** Options by their names in lower case: RFC 2347 ignores case. */
export type TftpOptions = ReadonlyMap<string, string>

/** A client has received all blocks up to this one. */
export interface AckPacket {
  readonly kind: 'ack'
  readonly block: number
}

/** The end of a transfer, with the reason. */
export interface ErrorPacket {
  readonly kind: 'error'
  readonly code: number
  readonly message: string
}

/** One datagram of TFTP. */
export type TftpPacket =
  | {
      readonly kind: 'read' | 'write'
      readonly path: string
      /** The mode in lower case: `octet`, `netascii`, or another text. */
      readonly mode: string
      readonly options: TftpOptions
    }
  | { readonly kind: 'data'; readonly block: number; readonly data: Uint8Array }
  | AckPacket
  | ErrorPacket
  | { readonly kind: 'options'; readonly options: TftpOptions }

/** The opcodes of RFC 1350, section 5, and RFC 2347 (OACK). */
const opcodes = { read: 1, write: 2, data: 3, ack: 4, error: 5, options: 6 } as const

/** The error codes of RFC 1350, appendix I, that are in use here. */
export const tftpErrors = { undefined: 0, notFound: 1, accessViolation: 2, illegal: 4 } as const

const nul = Buffer.of(0)

/** Encodes a packet for the wire. */
export function encodePacket(packet: TftpPacket): Buffer {
  switch (packet.kind) {
    case 'read':
    case 'write':
      return Buffer.concat([
        words(opcodes[packet.kind]),
        ...[packet.path, packet.mode, ...packet.options.entries().flatMap((option) => option)].flatMap(terminated),
      ])
    case 'data':
      return Buffer.concat([words(opcodes.data, packet.block), packet.data])
    case 'ack':
      return words(opcodes.ack, packet.block)
    case 'error':
      return Buffer.concat([words(opcodes.error, packet.code), ...terminated(packet.message)])
    case 'options':
      return Buffer.concat([words(opcodes.options), ...[...packet.options].flat().flatMap(terminated)])
  }
}

/** Decodes a datagram; `undefined` if it is not TFTP. Bytes behind the last complete option are ignored. */
export function decodePacket(bytes: Uint8Array): TftpPacket | undefined {
  const packet = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (packet.length < 4) return undefined
  const number = packet.readUInt16BE(2)
  switch (packet.readUInt16BE(0)) {
    case opcodes.read:
      return decodeRequest('read', packet)
    case opcodes.write:
      return decodeRequest('write', packet)
    case opcodes.data:
      return { kind: 'data', block: number, data: packet.subarray(4) }
    case opcodes.ack:
      return { kind: 'ack', block: number }
    case opcodes.error:
      return { kind: 'error', code: number, message: texts(Buffer.concat([packet.subarray(4), nul]))[0] ?? '' }
    case opcodes.options:
      return { kind: 'options', options: toOptions(texts(packet.subarray(2))) }
    default:
      return undefined
  }
}

/** Returns true for a request. Only requests are answered with errors; else two servers could answer each other for ever. */
export function isRequest(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && (bytes[1] === opcodes.read || bytes[1] === opcodes.write)
}

function decodeRequest(kind: 'read' | 'write', packet: Buffer): TftpPacket | undefined {
  const [path, mode, ...options] = texts(packet.subarray(2))
  if (path === undefined || mode === undefined) return undefined
  return { kind, path, mode: mode.toLowerCase(), options: toOptions(options) }
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 2)
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2)
  return bytes
}

function terminated(text: string): Buffer[] {
  return [Buffer.from(text), nul]
}

/** The texts that end with a NUL. */
function texts(bytes: Buffer): string[] {
  return bytes.toString().split('\0').slice(0, -1)
}

/** Makes options. If an option is there twice, the first one counts. */
function toOptions(list: readonly string[]): TftpOptions {
  const options = new Map<string, string>()
  for (let index = 0; index + 1 < list.length; index += 2) {
    const name = (list[index] ?? '').toLowerCase()
    if (!options.has(name)) options.set(name, list[index + 1] ?? '')
  }
  return options
}
