import { type ConfigRules, findMistakes, isRecord, ruleFor, rules } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'
import { maxExtendedCanId, maxStandardCanId } from '../../interfaces/can.ts'
import type { IsoTpAddress } from '../../interfaces/iso-tp.ts'

/** An address of ISO-TP in a config or on the wire. Keys that its mode does not need may be missing. */
export type IsoTpAddressParts = {
  readonly [Key in Exclude<keyof IsoTpAddress, 'addressing_mode'>]?: IsoTpAddress[Key] | undefined
} & {
  /** The number of the mode, or its name (default 0, `Normal_11bits`). */
  readonly addressing_mode?: number | string | undefined
}

/** An address for each direction. */
export interface IsoTpAddressPair {
  readonly tx_addr: IsoTpAddressParts
  readonly rx_addr: IsoTpAddressParts
}

/** What an addressing mode consists of (ISO 15765-2, 10.3). */
export interface AddressingMode {
  readonly name: string
  /** True for identifiers of 29 bits. */
  readonly isExtended: boolean
  /** The upper bits of identifiers that are made of two addresses; undefined for identifiers that are given. */
  readonly fixed?: { readonly physical: number; readonly functional: number }
  /** The byte in front of the data: an address, or an extension of it. */
  readonly prefix?: 'address' | 'extension'
}

/** The addressing modes by their numbers, with the names of Jumpstarter's library. */
const modes: readonly AddressingMode[] = [
  { name: 'Normal_11bits', isExtended: false },
  { name: 'Normal_29bits', isExtended: true },
  { name: 'NormalFixed_29bits', isExtended: true, fixed: { physical: 0x18da_0000, functional: 0x18db_0000 } },
  { name: 'Extended_11bits', isExtended: false, prefix: 'address' },
  { name: 'Extended_29bits', isExtended: true, prefix: 'address' },
  { name: 'Mixed_11bits', isExtended: false, prefix: 'extension' },
  {
    name: 'Mixed_29bits',
    isExtended: true,
    fixed: { physical: 0x18ce_0000, functional: 0x18cd_0000 },
    prefix: 'extension',
  },
]

/** One way of a connection. */
type Direction = 'send' | 'receive'

/** Finds the mode of an address; undefined if there is no such mode. */
export function modeOf({ addressing_mode: wanted }: IsoTpAddressParts): AddressingMode | undefined {
  return modes.find(({ name }, number) => wanted === name || (wanted ?? 0) === number)
}

/** True for an address that has one part for each direction. */
export function isAddressPair(address: unknown): address is IsoTpAddressPair {
  return isRecord(address) && ('tx_addr' in address || 'rx_addr' in address)
}

/**
 * Finds the mistakes of an address.
 *
 * @param path the keys on the way to it
 */
export function findAddressMistakes(address: unknown, path: readonly string[] = ['address']): readonly Mistake[] {
  if (!isAddressPair(address)) return findPartMistakes(address, ['send', 'receive'], path)
  const part = (direction: Direction) => (value: unknown) =>
    isRecord(value) ? undefined : `is no address to ${direction} with; it has to be an object`
  return [
    ...findMistakes(address, { tx_addr: part('send'), rx_addr: part('receive') }, path),
    ...(isRecord(address.tx_addr) ? findPartMistakes(address.tx_addr, ['send'], [...path, 'tx_addr']) : []),
    ...(isRecord(address.rx_addr) ? findPartMistakes(address.rx_addr, ['receive'], [...path, 'rx_addr']) : []),
  ]
}

function findPartMistakes(
  given: unknown,
  directions: readonly Direction[],
  path: readonly string[],
): readonly Mistake[] {
  const address: IsoTpAddressParts = isRecord(given) ? given : {}
  const mode = modeOf(address)
  const mistakes = [...findMistakes(given, rulesOf(mode, directions), path)]
  if (directions.length < 2) return mistakes
  for (const key of ['rx_only', 'tx_only'] as const) {
    if (address[key] === true)
      mistakes.push(new Mistake([...path, key], 'needs an object with tx_addr and rx_addr around it'))
  }
  if (mode?.fixed === undefined && address.txid !== undefined && address.txid === address.rxid) {
    mistakes.push(new Mistake([...path, 'txid'], `is ${address.txid}, and so is rxid; they have to differ`))
  }
  return mistakes
}

/** The keys that a mode needs. */
function neededKeys(mode: AddressingMode, directions: readonly Direction[]): ReadonlySet<string> {
  return new Set([
    ...(mode.fixed === undefined ? [] : ['target_address', 'source_address']),
    ...(mode.prefix === 'extension' ? ['address_extension'] : []),
    ...directions.flatMap((direction) => [
      ...(mode.fixed === undefined ? [direction === 'send' ? 'txid' : 'rxid'] : []),
      ...(mode.prefix === 'address' ? [direction === 'send' ? 'target_address' : 'source_address'] : []),
    ]),
  ])
}

function rulesOf(mode: AddressingMode | undefined, directions: readonly Direction[]): ConfigRules {
  const needed = mode === undefined ? new Set<string>() : neededKeys(mode, directions)
  const id = rules.wholeNumber(0, mode?.isExtended === false ? maxStandardCanId : maxExtendedCanId)
  const byte = rules.wholeNumber(0, 0xff)
  const keys = {
    txid: id,
    rxid: id,
    target_address: byte,
    source_address: byte,
    address_extension: byte,
    physical_id: rules.wholeNumber(0, maxExtendedCanId),
    functional_id: rules.wholeNumber(0, maxExtendedCanId),
    rx_only: rules.flag,
    tx_only: rules.flag,
  }
  const names = modes.map(({ name }, number) => `${number} (${name})`).join(', ')
  return {
    addressing_mode: ruleFor(`one of ${names}`, () => mode !== undefined),
    ...Object.fromEntries(
      Object.entries(keys).map(([key, rule]) => [key, needed.has(key) ? rule : rules.optional(rule)]),
    ),
  }
}
