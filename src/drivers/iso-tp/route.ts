import type { Frame } from '../can/frame.ts'
import { type AddressingMode, type IsoTpAddressPair, type IsoTpAddressParts, isAddressPair, modeOf } from './address.ts'

/** The upper 13 bits of an identifier that is made of two addresses. */
const upperBits = 0x1fff_0000

/** The two ways of an address: identifiers and prefixes of the frames that go, and the choice of those that come. */
export interface Route {
  /** The identifier of frames for one receiver, and of frames for all. */
  readonly physicalId: number
  readonly functionalId: number
  readonly isExtended: boolean
  /** The bytes in front of the data of each frame: none, or one. */
  readonly prefix: Buffer
  /** The data of a frame without its prefix; undefined for a frame of others. */
  payloadOf(frame: Frame): Buffer | undefined
}

/** Makes the route of an address. @param address without mistakes */
export function routeOf(address: IsoTpAddressParts | IsoTpAddressPair): Route {
  const [sending, receiving] = isAddressPair(address) ? [address.tx_addr, address.rx_addr] : [address, address]
  const mode = checkedMode(sending)
  const { target_address: target, txid } = sending
  const prefix = { address: target, extension: sending.address_extension, none: undefined }[mode.prefix ?? 'none']
  const made = (kind: 'physical' | 'functional') =>
    (upperBitsOf(sending, mode, kind) | ((target ?? 0) << 8) | (sending.source_address ?? 0)) >>> 0
  return {
    physicalId: mode.fixed === undefined ? (txid ?? 0) : made('physical'),
    functionalId: mode.fixed === undefined ? (txid ?? 0) : made('functional'),
    isExtended: mode.isExtended,
    prefix: Buffer.from(prefix === undefined || prefix === null ? [] : [prefix]),
    payloadOf: choose(receiving),
  }
}

function choose(address: IsoTpAddressParts): (frame: Frame) => Buffer | undefined {
  const mode = checkedMode(address)
  const { rxid, source_address: source, target_address: target } = address
  const upper = [upperBitsOf(address, mode, 'physical'), upperBitsOf(address, mode, 'functional')]
  const lower = ((source ?? 0) << 8) | (target ?? 0)
  const isMine = (id: number) =>
    mode.fixed === undefined ? id === rxid : upper.includes(id & upperBits) && (id & 0xffff) === lower
  const prefix = mode.prefix === 'address' ? source : address.address_extension
  return ({ id, isExtended, isRemote, data }) => {
    if (isRemote || isExtended !== mode.isExtended || !isMine(id)) return undefined
    if (mode.prefix === undefined) return data
    return data[0] === prefix ? data.subarray(1) : undefined
  }
}

function upperBitsOf(address: IsoTpAddressParts, mode: AddressingMode, kind: 'physical' | 'functional'): number {
  return ((kind === 'physical' ? address.physical_id : address.functional_id) ?? mode.fixed?.[kind] ?? 0) & upperBits
}

function checkedMode(address: IsoTpAddressParts): AddressingMode {
  const mode = modeOf(address)
  if (mode === undefined) throw new RangeError(`${String(address.addressing_mode)} is no addressing mode`)
  return mode
}
