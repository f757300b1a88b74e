import { HardwareError } from '../../errors.ts'
import { refuseControls } from './one-line.ts'

/** An address: a number, or a text that U-Boot reads as one (`0x40400000`, `${kernel_addr_r}`). */
export type UbootAddress = number | bigint | string

/** Makes the word of an address. @throws HardwareError ARGUMENT_INVALID for a value that is no address */
export function addressWord(address: UbootAddress): string {
  const valid =
    typeof address === 'string'
      ? /^(?:(?:0x)?[\da-f]+|\$\w+|\$\{\w+\})$/i.test(address)
      : address >= 0 && (typeof address === 'bigint' || Number.isSafeInteger(address))
  if (!valid) throw new HardwareError('ARGUMENT_INVALID', `${JSON.stringify(String(address))} is not an address`)
  return typeof address === 'string' ? address : `0x${address.toString(16)}`
}

/**
 * Makes one word of a text. U-Boot's shell removes a backslash before any character, also between quotes, so quotes would not
 * protect it.
 *
 * @throws HardwareError ARGUMENT_INVALID for a text with characters that cannot be typed
 */
export function textWord(text: string): string {
  refuseControls(text)
  return text === '' ? "''" : text.replaceAll(/[^\w./:=,@%+-]/gu, (character) => `\\${character}`)
}

/** Makes the word of a variable's name. @throws HardwareError ARGUMENT_INVALID for a wrong name */
export function variableWord(name: string): string {
  if (/^[\w.:#%-]+$/.test(name)) return name
  throw new HardwareError('ARGUMENT_INVALID', `${JSON.stringify(name)} is not a name of a U-Boot variable`)
}
