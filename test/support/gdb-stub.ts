import { duplexPair } from 'node:stream'

import { encodePacket, PacketSplitter } from '../../src/clients/gdb/packet.ts'

/** The answers of a stub to a packet: contents, or raw bytes. Nothing is silence. */
type Answer =
  | string
  | { readonly raw: string | Buffer }
  | undefined
  | readonly (string | { readonly raw: string | Buffer })[]

/** Writes a packet as it goes over the line. */
export const framed = (content: string) => encodePacket(content).toString('latin1')

/**
 * A stub of gdb's remote protocol that behaves as a test says.
 *
 * @param answer gets the content of a packet, and `^C` for the byte that stops the program
 */
export function startStub(answer: (content: string) => Answer) {
  const [near, far] = duplexPair()
  const splitter = new PacketSplitter()
  const got: string[] = []
  let naks = 0
  const send = (what: string | { readonly raw: string | Buffer }) =>
    void far.write(typeof what === 'string' ? encodePacket(what) : what.raw)
  const take = (content: string) => {
    got.push(content)
    const answers = answer(content)
    for (const one of answers === undefined ? [] : Array.isArray(answers) ? answers : [answers as string]) send(one)
  }
  far.on('error', () => undefined)
  far.on('data', (piece: Buffer) => {
    if (piece.equals(Buffer.of(3))) return take('^C')
    for (const unit of splitter.push(piece)) {
      if (unit.kind === 'nak') naks++
      if (unit.kind === 'packet') take(unit.content.toString('latin1'))
    }
  })
  return { stream: near, got, send, naks: () => naks, end: () => far.destroy() }
}
