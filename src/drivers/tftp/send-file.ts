import type { TransferSettings } from './options.ts'
import { encodePacket } from './packets.ts'
import type { Peer } from './peer.ts'
import { TransferEnded } from './transfer-ended.ts'

/** Block numbers have 16 bits, and 0 follows 65535. */
const blockNumbers = 0x1_0000

/**
 * Sends the blocks of a file, a window at a time (RFC 7440; RFC 1350 has windows of one block). What is not acknowledged
 * in time is sent again. An acknowledgement of what was acknowledged before is passed over: answering it too would double
 * every packet from then on (RFC 1123, section 4.2.3.1).
 *
 * @param onHeard is called whenever the client acknowledges something
 * @returns how many bytes the file has
 * @throws TransferEnded when the client ends it, or does not answer
 */
export async function sendFile(
  peer: Peer,
  blocks: AsyncIterator<Uint8Array, void, void>,
  { accepted, windowSize, waitsMs }: TransferSettings,
  onHeard: () => void,
): Promise<number> {
  /** What has not been acknowledged, encoded; the first has the number `first`. */
  const window: Uint8Array[] = []
  let first = 1
  let bytes = 0
  let complete = false
  if (accepted.size > 0) {
    // The answer to the options stands in front of the blocks, and is acknowledged as block 0 (RFC 2347).
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

/** Sends a window until some of it is acknowledged. @returns how many packets of it are */
async function sendWindow(
  peer: Peer,
  window: readonly Uint8Array[],
  first: number,
  waitsMs: readonly number[],
): Promise<number> {
  for (const waitMs of waitsMs) {
    for (const packet of window) peer.send(packet)
    // Not a new time-out with every packet: a client may repeat itself for ever.
    const deadline = performance.now() + waitMs
    for (let left = waitMs; left > 0; left = deadline - performance.now()) {
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
