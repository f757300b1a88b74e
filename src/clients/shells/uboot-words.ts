import { HardwareError } from '../../errors.ts'
import { refuseControls } from './one-line.ts'

/** An address: a number, or what U-Boot takes for one (`0x40400000`, `${kernel_addr_r}`). */
export type UbootAddress = number | bigint | string

/** @throws HardwareError ARGUMENT_INVALID for what is no address */
export function addressWord(address: UbootAddress): string {
  const valid =
    typeof address === 'string'
      ? /^(?:(?:0x)?[\da-f]+|\$\w+|\$\{\w+\})$/i.test(address)
      : address >= 0 && (typeof address === 'bigint' || Number.isSafeInteger(address))
  if (!valid) throw new HardwareError('ARGUMENT_INVALID', `${JSON.stringify(String(address))} is not an address`)
  return typeof address === 'string' ? address : `0x${address.toString(16)}`
}

/**
 * A text as one word. U-Boot's shell takes a backslash before any character, also between quotes, so that quotes would
 * not do.
 *
 * @throws HardwareError ARGUMENT_INVALID for a text with characters that cannot be typed
 */
export function textWord(text: string): string {
  refuseControls(text)
  return text === '' ? "''" : text.replaceAll(/[^\w./:=,@%+-]/gu, (character) => `\\${character}`)
}

/** @throws HardwareError ARGUMENT_INVALID for what is no name of a variable */
export function variableWord(name: string): string {
  if (/^[\w.:#%-]+$/.test(name)) return name
  throw new HardwareError('ARGUMENT_INVALID', `${JSON.stringify(name)} is not a name of a U-Boot variable`)
}
