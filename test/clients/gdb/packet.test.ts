import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { encodePacket, type GdbUnit, PacketSplitter } from '../../../src/clients/gdb/packet.ts'

const bytes = fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value))

const checksum = (body: Uint8Array) => body.reduce((sum, byte) => (sum + byte) & 0xff, 0)
const hex = (byte: number) => byte.toString(16).padStart(2, '0')
/** A packet with this body as it is, and the right checksum. */
const framed = (body: string) => Buffer.from(`$${body}#${hex(checksum(Buffer.from(body, 'latin1')))}`, 'latin1')

/** Feeds a stream in pieces that end at these places. */
function split(stream: Buffer, cuts: readonly number[], splitter = new PacketSplitter()): GdbUnit[] {
  const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)).toSorted((a, b) => a - b), stream.length]
  return places.slice(1).flatMap((to, index) => splitter.push(stream.subarray(places[index], to)))
}

/** Encodes bytes as a stub with run-length encoding does. */
function withRuns(content: Buffer): Buffer {
  const escaped = encodePacket(content).subarray(1, -3)
  const body: number[] = []
  for (let at = 0; at < escaped.length;) {
    const byte = escaped[at] ?? 0
    let end = at
    while (escaped[end] === byte && end - at < 98) end++
    let count = end - at - 1
    // Counts whose character would be # or $ are not allowed (GDB manual, "Overview").
    while (count > 0 && (count < 3 || [0x23, 0x24, 0x2b, 0x2d].includes(count + 29))) count--
    body.push(byte, ...(count > 0 ? [0x2a, count + 29] : []))
    at += 1 + count
  }
  return framed(Buffer.from(body).toString('latin1'))
}

describe('packets', () => {
  test('are as the manual of gdb writes them', () => {
    expect(encodePacket('vCont?').toString()).toBe('$vCont?#49')
    expect(encodePacket(Buffer.from('X0,4:#$}*')).toString('latin1')).toBe('$X0,4:}\x03}\x04}]}\n#84')
    expect(new PacketSplitter().push(Buffer.from('+$0* #7a%Stop:T05#'))).toEqual([
      { kind: 'ack' },
      { kind: 'packet', content: Buffer.from('0000') },
    ])
  })

  test('come out as they were, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 8 }), (contents, cuts) => {
        const stream = Buffer.concat(contents.flatMap((content) => [Buffer.from('+'), encodePacket(content)]))
        expect(split(stream, cuts)).toEqual(
          contents.flatMap((content) => [{ kind: 'ack' }, { kind: 'packet', content }]),
        )
      }),
    )
  })

  test('come out at every cut of a stream with escapes, runs and a wrong checksum', () => {
    const stream = Buffer.concat([
      ...[framed('0*"12'), framed('}\x03}]'), Buffer.from('-$OK#00'), framed(''), Buffer.from('%Stop:T05#99')],
    ])
    const expected: GdbUnit[] = [
      { kind: 'packet', content: Buffer.from('00000012') },
      { kind: 'packet', content: Buffer.from('#}') },
      { kind: 'nak' },
      { kind: 'damaged', reason: 'a packet has the checksum "00", not 9a' },
      { kind: 'packet', content: Buffer.alloc(0) },
      { kind: 'notification', content: Buffer.from('Stop:T05') },
    ]
    for (let one = 0; one <= stream.length; one++) {
      for (let other = one; other <= stream.length; other++) expect(split(stream, [one, other])).toEqual(expected)
    }
  })

  test('with runs come out as they were', () => {
    const runs = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 200 })), { maxLength: 8 })
      .map((list) => Buffer.concat(list.map(([byte, length]) => Buffer.alloc(length, byte))))
    fc.assert(
      fc.property(runs, fc.array(fc.nat(), { maxLength: 3 }), (content, cuts) => {
        expect(split(withRuns(content), cuts)).toEqual([{ kind: 'packet', content }])
      }),
    )
  })

  test('survive garbage: the next packet comes out', () => {
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 8 }), (garbage, cuts) => {
        // A checksum at its end could be cut short by the garbage.
        const stream = Buffer.concat([garbage, Buffer.from('$#00'), encodePacket('T05')])
        expect(split(stream, cuts).at(-1)).toEqual({ kind: 'packet', content: Buffer.from('T05') })
      }),
    )
  })

  test('that are too long, or whose runs make them so, are damaged and take no memory', () => {
    const splitter = new PacketSplitter({ maxLength: 1000 })
    expect(splitter.push(framed('a'.repeat(1000)))).toMatchObject([{ kind: 'packet' }])
    const reason = 'a packet has more than 1000 bytes'
    expect(splitter.push(framed('a'.repeat(1001)))).toEqual([{ kind: 'damaged', reason }])
    expect(splitter.push(framed('a*~'.repeat(11)))).toEqual([{ kind: 'damaged', reason }])
    expect(splitter.push(framed('*~'))).toEqual([{ kind: 'damaged', reason: 'a packet has a run of nothing' }])
    expect(splitter.push(framed('a}'))).toMatchObject([{ kind: 'damaged' }])
    expect(splitter.push(framed('OK'))).toEqual([{ kind: 'packet', content: Buffer.from('OK') }])
  })
})
