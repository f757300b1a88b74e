import { canFdLengths, maxExtendedCanId, maxStandardCanId } from '../../../interfaces/can.ts'
import type { Frame } from '../frame.ts'

/** A frame as an adapter tells it. */
export interface DecodedFrame {
  readonly frame: Frame
  /** The adapter's clock when the frame came, in milliseconds from 0 to 59 999; undefined without time stamps. */
  readonly stampMs: number | undefined
}

/**
 * Writes a frame as a command of SLCAN, without its end. The letters `t`, `T`, `r` and `R` are from the manual of Lawicel's CANUSB;
 * `d`, `D`, `b` and `B` for CAN FD are those of the firmware of CANable 2.0. A capital letter has an identifier of 29 bits.
 */
export function encodeFrame({ id, isExtended, isRemote, isFd, bitrateSwitch, data, length }: Frame): string {
  const fdLetter = bitrateSwitch ? 'b' : 'd'
  const letter = isRemote ? 'r' : isFd ? fdLetter : 't'
  const lengths: readonly number[] = canFdLengths
  const hex = `${id.toString(16).padStart(isExtended ? 8 : 3, '0')}${lengths.indexOf(length).toString(16)}${data.toString('hex')}`
  return `${isExtended ? letter.toUpperCase() : letter}${hex.toUpperCase()}`
}

/**
 * Reads a frame. A time stamp is known by the length of the text, so that it may be there or not.
 *
 * @param text a line of the adapter, without its end
 * @returns undefined for a text that is no frame
 */
export function decodeFrame(text: string): DecodedFrame | undefined {
  const letter = text.charAt(0)
  const kind = letter.toLowerCase()
  if (!/^[trdb][\da-f]+$/i.test(text)) return undefined
  const isExtended = letter !== kind
  const [isRemote, isFd] = [kind === 'r', kind === 'd' || kind === 'b']
  const codeAt = isExtended ? 9 : 4
  const id = Number.parseInt(text.slice(1, codeAt), 16)
  const length = (isFd ? canFdLengths : canFdLengths.slice(0, 9))[Number.parseInt(text.charAt(codeAt), 16)]
  if (length === undefined || id > (isExtended ? maxExtendedCanId : maxStandardCanId)) return undefined
  const rest = text.slice(codeAt + 1)
  const found = splitRest(rest, 2 * length, isRemote)
  if (found === undefined) return undefined
  const stampMs = found.stamp === '' ? undefined : Number.parseInt(found.stamp, 16)
  const data = Buffer.from(found.data, 'hex')
  return { frame: { id, isExtended, isRemote, isFd, bitrateSwitch: kind === 'b', data, length }, stampMs }
}

/** The digits of a time stamp. */
const stampDigits = 4

function splitRest(rest: string, dataDigits: number, isRemote: boolean): { data: string; stamp: string } | undefined {
  const extra = rest.length - dataDigits
  if (!isRemote && (extra === 0 || extra === stampDigits)) {
    return { data: rest.slice(0, dataDigits), stamp: rest.slice(dataDigits) }
  }
  if (!isRemote) return undefined
  // CANable sends bytes that mean nothing with a remote frame, as many as it asks for.
  if (rest.length === 0 || rest.length === stampDigits) return { data: '', stamp: rest }
  return extra === 0 || extra === stampDigits ? { data: '', stamp: rest.slice(dataDigits) } : undefined
}
