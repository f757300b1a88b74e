import fc from 'fast-check'

import { type Frame, frameOf } from '../../../src/drivers/can/frame.ts'
import { decodeFrame, encodeFrame } from '../../../src/drivers/can/slcan/frame-text.ts'
import { canFdLengths, type CanMessage } from '../../../src/interfaces/can.ts'
import type { BusNode, ModelBus } from './slcan-adapter.ts'

/** A frame as the line of a file; see `can_frames.py`. */
export function frameLine({ id, isExtended, isRemote, isFd, bitrateSwitch, length, data }: Frame): string {
  const flags = [isExtended && 'x', isRemote && 'r', isFd && 'f', bitrateSwitch && 'b']
    .map((flag) => flag || '-')
    .join('')
  return `${id.toString(16)} ${flags} ${length} ${data.toString('hex')}`
}

/** Frames of random kind, id and length. */
export function randomFrames(count: number, seed: number): Frame[] {
  const frame = fc
    .tuple(
      fc.constantFrom('data', 'data', 'remote', 'fd', 'fast'),
      fc.boolean(),
      fc.nat(),
      fc.nat(),
      fc.infiniteStream(fc.nat(255)),
    )
    .map(([kind, isExtended, id, size, bytes]): Frame => {
      const [isRemote, isFd] = [kind === 'remote', kind === 'fd' || kind === 'fast']
      const lengths = isFd ? canFdLengths : canFdLengths.slice(0, 9)
      const length = lengths[size % lengths.length] ?? 0
      const data = Buffer.from(isRemote ? [] : Array.from(bytes.take(length)))
      const range = isExtended ? 0x2000_0000 : 0x800
      return { id: id % range, isExtended, isRemote, isFd, bitrateSwitch: kind === 'fast', data, length }
    })
  return fc.sample(frame, { numRuns: count, seed })
}

/** A node of a model's bus, for tests. */
export function createNode(bus: ModelBus) {
  const frames: Frame[] = []
  const node: BusNode = (text) => {
    const decoded = decodeFrame(text)
    if (decoded === undefined) throw new Error(`no frame: ${text}`)
    frames.push(decoded.frame)
    return undefined
  }
  bus.nodes.add(node)
  return { frames, send: (message: CanMessage) => bus.send(encodeFrame(frameOf(message)), node) }
}

/** A frame in the form of the wire. */
export function wireMessage(frame: Frame): CanMessage {
  return {
    timestamp: 0,
    arbitration_id: frame.id,
    is_extended_id: frame.isExtended,
    is_remote_frame: frame.isRemote,
    is_error_frame: false,
    channel: null,
    dlc: frame.length,
    data: frame.isRemote ? null : frame.data.toString('base64'),
    is_fd: frame.isFd,
    is_rx: false,
    bitrate_switch: frame.bitrateSwitch,
    error_state_indicator: false,
  }
}
