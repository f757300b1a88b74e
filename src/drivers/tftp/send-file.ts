import { now } from '../../base/clock.ts'
import type { TransferSettings } from './options.ts'
import { encodePacket } from './packets.ts'
import type { Peer } from './peer.ts'
import { TransferEnded } from './transfer-ended.ts'

/** Block numbers have 16 bits, and 0 follows 65535. */
const blockNumbers = 0x1_0000

/**
 * Sends the blocks of a file, one window at a time (RFC 7440; RFC 1350 has windows of one block). Blocks that are not acknowledged in
 * time are sent again. A repeated acknowledgement is ignored: an answer to it would double every later packet (RFC 1123, section
 * 4.2.3.1).
 *
 * @param onHeard is called whenever the client acknowledges something
 * @returns the size of the file in bytes
 * @throws TransferEnded when the client ends the transfer, or does not answer
 */
export async function sendFile(
  peer: Peer,
  blocks: AsyncIterator<Uint8Array, void, void>,
  { accepted, windowSize, waitsMs }: TransferSettings,
  onHeard: () => void,
): Promise<number> {
  /** The encoded packets that are not acknowledged. The first one has the number `first`. */
  const window: Uint8Array[] = []
  let first = 1
  let bytes = 0
  let complete = false
  if (accepted.size > 0) {
    // The answer to the options comes before the blocks, and is acknowledged as block 0 (RFC 2347).
    window.push(encodePacket({ kind: 'options', options: accepted }))
    first = 0
  }
  for (;;) {
    const room = first === 0 ? 0 : windowSize
    while (!complete && window.length < room) {
      const { value: data, done } = await blocks.next()
      if (done === true) complete = true
      else {
        bytes += data.length
        window.push(encodePacket({ kind: 'data', block: (first + window.length) % blockNumbers, data }))
      }
    }
    if (window.length === 0) return bytes
    const acknowledged = await sendWindow(peer, window, first, waitsMs)
    onHeard()
    window.splice(0, acknowledged)
    first += acknowledged
  }
}

/** Sends a window until a part is acknowledged. @returns the number of acknowledged packets */
async function sendWindow(
  peer: Peer,
  window: readonly Uint8Array[],
  first: number,
  waitsMs: readonly number[],
): Promise<number> {
  for (const waitMs of waitsMs) {
    for (const packet of window) peer.send(packet)
    // One deadline for all packets: a client may repeat an acknowledgement for ever.
    const deadline = now() + waitMs
    for (let left = waitMs; left > 0; left = deadline - now()) {
      const packet = await peer.receive(left)
      if (packet?.kind === 'error') {
        throw new TransferEnded(`the client ended it: ${packet.message || 'without a reason'} (${packet.code})`)
      }
      if (packet === undefined) break
      const acknowledged = (packet.block + 1 + blockNumbers - (first % blockNumbers)) % blockNumbers
      if (acknowledged > 0 && acknowledged <= window.length) return acknowledged
    }
  }
  throw new TransferEnded(`the client does not answer${peer.trouble === undefined ? '' : ` (${peer.trouble})`}`)
}
