import { isInteger, isRecord } from '../../base/check.ts'
import { canFdLengths, type CanMessage, maxExtendedCanId, maxStandardCanId } from '../../interfaces/can.ts'

/** A frame of a CAN bus. */
export interface Frame {
  readonly id: number
  /** True for an identifier of 29 bits. */
  readonly isExtended: boolean
  /** True for a frame that asks for another one. */
  readonly isRemote: boolean
  readonly isFd: boolean
  /** True for a frame of CAN FD whose data are sent faster. */
  readonly bitrateSwitch: boolean
  /** None in a remote frame. */
  readonly data: Buffer
  /** The length of the data in bytes; for a remote frame, the length that it asks for. */
  readonly length: number
}

/** A frame that has come. */
export interface ReceivedFrame extends Frame {
  /** The time of the arrival, in milliseconds since 1970, by the clock of this machine. */
  readonly timeMs: number
}

/** Reads a frame that a client wants to send. @throws RangeError for a frame that no bus can carry */
export function frameOf(message: unknown): Frame {
  if (!isRecord(message)) throw new RangeError('a CAN frame has to be an object')
  const given = message as Partial<CanMessage>
  const { arbitration_id: id } = given
  const isExtended = given.is_extended_id === true
  const isRemote = given.is_remote_frame === true
  const isFd = given.is_fd === true
  const maxId = isExtended ? maxExtendedCanId : maxStandardCanId
  if (!isInteger(id, 0, maxId)) throw new RangeError(`the id ${String(id)} is not a number from 0 to ${maxId}`)
  if (given.is_error_frame === true) throw new RangeError('an error frame cannot be sent')
  if (isRemote && isFd) throw new RangeError('CAN FD has no remote frames')
  const data = isRemote ? Buffer.alloc(0) : Buffer.from(given.data ?? '', 'base64')
  const length = isRemote ? (given.dlc ?? 0) : data.length
  const lengths: readonly number[] = isFd ? canFdLengths : canFdLengths.slice(0, 9)
  if (!lengths.includes(length)) throw new RangeError(`${length} is not a length in bytes of ${lengths.join(', ')}`)
  return { id, isExtended, isRemote, isFd, bitrateSwitch: isFd && given.bitrate_switch === true, data, length }
}

/** Writes a frame that has come in the form of the wire. @param channel the name of the bus */
export function messageOf(frame: ReceivedFrame, channel: string | number): CanMessage {
  return {
    timestamp: frame.timeMs / 1000,
    arbitration_id: frame.id,
    is_extended_id: frame.isExtended,
    is_remote_frame: frame.isRemote,
    is_error_frame: false,
    channel,
    dlc: frame.length,
    data: frame.data.toString('base64'),
    is_fd: frame.isFd,
    is_rx: true,
    bitrate_switch: frame.bitrateSwitch,
    error_state_indicator: false,
  }
}
