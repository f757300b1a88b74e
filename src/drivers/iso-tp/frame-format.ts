import { canFdLengths } from '../../interfaces/can.ts'
import type { Frame } from '../can/frame.ts'
import type { IsoTpParams } from './params.ts'
import { consecutiveHead, firstHead, flowControl, type FlowStatus, singleHead } from './pdu.ts'
import type { Route } from './route.ts'

/** The byte that fills frames of CAN FD, unless the parameters have another one (ISO 15765-2, 10.4.2). */
const usualPadding = 0xcc
/** The most bytes of a frame of CAN 2.0. */
const maxClassicLength = 8

/** The first frame of a message, and the number of bytes that it has. */
interface FirstFrame {
  readonly frame: Frame
  readonly taken: number
}

/** Makes the frames of messages: with identifiers and prefixes of a route, padded as the parameters say. */
export class FrameFormat {
  readonly #route: Route
  readonly #params: IsoTpParams
  /** The room of a frame without the prefix. */
  readonly #room: number

  constructor(route: Route, params: IsoTpParams) {
    this.#route = route
    this.#params = params
    this.#room = params.tx_data_length - route.prefix.length
  }

  /** The most bytes of a frame after the first one. */
  get consecutiveRoom(): number {
    return this.#room - 1
  }

  /** The longest message that has room in a single frame, in bytes. */
  get singleRoom(): number {
    return this.#room - (this.#params.tx_data_length > maxClassicLength ? 2 : 1)
  }

  single(message: Buffer, isFunctional: boolean): Frame {
    const { physicalId, functionalId, prefix } = this.#route
    const isLong = this.#lengthOf(prefix.length + 1 + message.length) > maxClassicLength
    const content = Buffer.concat([singleHead(message.length, isLong), message])
    return this.#frame(content, isFunctional ? functionalId : physicalId)
  }

  first(message: Buffer): FirstFrame {
    const head = firstHead(message.length)
    const taken = this.#room - head.length
    return { frame: this.#frame(Buffer.concat([head, message.subarray(0, taken)])), taken }
  }

  consecutive(sequence: number, data: Buffer): Frame {
    return this.#frame(Buffer.concat([consecutiveHead(sequence), data]))
  }

  /** The answer to a sender. */
  flow(status: FlowStatus): Frame {
    return this.#frame(flowControl(status, this.#params.blocksize, this.#params.stmin))
  }

  #frame(content: Buffer, id = this.#route.physicalId): Frame {
    const { prefix, isExtended } = this.#route
    const { tx_padding: padding, can_fd: isFd, bitrate_switch: bitrateSwitch } = this.#params
    const length = this.#lengthOf(prefix.length + content.length)
    const data = Buffer.alloc(length, padding ?? usualPadding)
    prefix.copy(data)
    content.copy(data, prefix.length)
    const isFdFrame = isFd || length > maxClassicLength
    return { id, isExtended, isRemote: false, isFd: isFdFrame, bitrateSwitch: isFdFrame && bitrateSwitch, data, length }
  }

  /** The length of a frame with its padding. */
  #lengthOf(content: number): number {
    const { tx_data_length: most, tx_data_min_length: given, tx_padding: padding } = this.#params
    const least = given ?? (most === maxClassicLength && padding !== null ? maxClassicLength : 0)
    const wanted = Math.max(content, least)
    return canFdLengths.find((length) => length >= wanted) ?? wanted
  }
}
