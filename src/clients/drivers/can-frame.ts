import { HardwareError } from '../../errors.ts'
import { canFdLengths, type CanMessage, maxExtendedCanId, maxStandardCanId } from '../../interfaces/can.ts'

/** A frame to send on a CAN bus. */
export interface CanFrameToSend {
  readonly id: number
  /** True for an identifier of 29 bits (default: true if it needs more than 11). */
  readonly isExtended?: boolean | undefined
  /** Up to 8 bytes, or up to 64 with CAN FD (default none). */
  readonly data?: Uint8Array | readonly number[] | undefined
  /** True to ask for a frame instead (default false). */
  readonly isRemote?: boolean | undefined
  /** The length in bytes of the frame that a remote frame asks for (default 0). */
  readonly length?: number | undefined
  /** True for a frame of CAN FD (default: true if the data have more than 8 bytes). */
  readonly isFd?: boolean | undefined
  /** True to send the data of a CAN FD frame faster (default false). */
  readonly bitrateSwitch?: boolean | undefined
}

/** A frame that came on a CAN bus. */
export interface CanFrame {
  readonly id: number
  /** True for an identifier of 29 bits. */
  readonly isExtended: boolean
  readonly data: Buffer
  readonly isRemote: boolean
  /** True for a report of an error on the bus. */
  readonly isError: boolean
  /** The length of the data in bytes; for a remote frame, the length that it asks for. */
  readonly length: number
  readonly isFd: boolean
  readonly bitrateSwitch: boolean
  /** True if the sender of a CAN FD frame has had errors. */
  readonly errorStateIndicator: boolean
  /** False for a frame that this bus sent. */
  readonly isReceived: boolean
  /** Milliseconds, by the clock of the exporter's machine. */
  readonly timeMs: number
  readonly channel: string | number | null
}

/** @throws HardwareError ARGUMENT_INVALID for a frame that no bus can send */
export function toMessage(frame: CanFrameToSend): CanMessage {
  const data = Buffer.from(frame.data ?? [])
  const { id, isRemote = false, isFd = data.length > 8, isExtended = id > maxStandardCanId } = frame
  const refuse = (what: string) => new HardwareError('ARGUMENT_INVALID', `The CAN frame ${id.toString(16)} ${what}`)
  const maxId = isExtended ? maxExtendedCanId : maxStandardCanId
  if (!Number.isInteger(id) || id < 0 || id > maxId) throw refuse(`has an id outside 0…${maxId.toString(16)}`)
  if (isRemote && data.length > 0) throw refuse('is remote, and has data')
  const lengths: readonly number[] = isFd ? canFdLengths : canFdLengths.slice(0, 9)
  if (!lengths.includes(data.length)) {
    throw refuse(`has ${data.length} bytes; ${isFd ? `CAN FD has ${lengths.join(', ')}` : 'CAN has up to 8'}`)
  }
  return {
    timestamp: 0,
    arbitration_id: id,
    is_extended_id: isExtended,
    is_remote_frame: isRemote,
    is_error_frame: false,
    channel: null,
    dlc: isRemote ? (frame.length ?? 0) : data.length,
    data: isRemote ? null : data.toString('base64'),
    is_fd: isFd,
    is_rx: false,
    bitrate_switch: frame.bitrateSwitch ?? false,
    error_state_indicator: false,
  }
}

/** Reads a frame in the form of the wire. */
export function toFrame(message: CanMessage): CanFrame {
  const data = Buffer.from(message.data ?? '', 'base64')
  return {
    id: message.arbitration_id,
    isExtended: message.is_extended_id,
    data,
    isRemote: message.is_remote_frame,
    isError: message.is_error_frame,
    length: message.dlc ?? data.length,
    isFd: message.is_fd,
    bitrateSwitch: message.bitrate_switch,
    errorStateIndicator: message.error_state_indicator,
    isReceived: message.is_rx,
    timeMs: message.timestamp * 1000,
    channel: message.channel,
  }
}
