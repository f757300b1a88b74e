import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { negotiate } from '../../src/drivers/tftp/options.ts'
import { decodePacket, encodePacket, isRequest, type TftpPacket } from '../../src/drivers/tftp/packets.ts'

const word = fc.integer({ min: 0, max: 0xffff })
/** What a packet can carry: no NUL in the middle, and no halves of characters. */
const text = fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\0', '0').toWellFormed())
const options = fc
  .array(fc.tuple(text, text))
  .map((list) => new Map(list.map(([name, value]) => [name.toLowerCase(), value])))

const packet: fc.Arbitrary<TftpPacket> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('read' as const, 'write' as const),
    path: text,
    mode: text.map((mode) => mode.toLowerCase()),
    options,
  }),
  fc.record({
    kind: fc.constant('data' as const),
    block: word,
    data: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
  }),
  fc.record({ kind: fc.constant('ack' as const), block: word }),
  fc.record({ kind: fc.constant('error' as const), code: word, message: text }),
  fc.record({ kind: fc.constant('options' as const), options }).filter((reply) => reply.options.size > 0),
)

describe('packets', () => {
  test('are after decoding what they were before encoding', () => {
    fc.assert(
      fc.property(packet, (given) => {
        expect(decodePacket(encodePacket(given))).toEqual(given)
      }),
    )
  })

  test('are as RFC 1350 and RFC 2347 draw them', () => {
    const request = Buffer.from('\0\x01boot.img\0OCTET\0BLKSIZE\x001428\0tsize\x000\0blksize\x008\0', 'latin1')
    expect(decodePacket(request)).toEqual({
      kind: 'read',
      path: 'boot.img',
      mode: 'octet',
      options: new Map([
        ['blksize', '1428'],
        ['tsize', '0'],
      ]),
    })
    expect(encodePacket({ kind: 'ack', block: 0x1234 })).toEqual(Buffer.of(0, 4, 0x12, 0x34))
    expect(encodePacket({ kind: 'data', block: 1, data: Buffer.from('x') })).toEqual(Buffer.of(0, 3, 0, 1, 0x78))
    expect(encodePacket({ kind: 'error', code: 1, message: 'no' })).toEqual(Buffer.from('\0\x05\0\x01no\0'))
    expect(encodePacket({ kind: 'options', options: new Map([['blksize', '8']]) })).toEqual(
      Buffer.from('\0\x06blksize\x008\0'),
    )
  })

  test('whatever bytes there are, decoding them fails only by saying nothing', () => {
    const anything = fc.tuple(fc.integer({ min: 0, max: 7 }), fc.uint8Array({ maxLength: 600 }))
    fc.assert(
      fc.property(anything, ([opcode, rest]) => {
        const bytes = Buffer.of(0, opcode, ...rest)
        expect(decodePacket(bytes)?.kind).toBeOneOf([
          undefined,
          ...['read', 'write', 'data', 'ack', 'error', 'options'],
        ])
        expect(isRequest(bytes)).toBe(opcode === 1 || opcode === 2)
      }),
    )
    expect(decodePacket(Buffer.alloc(0))).toBeUndefined()
    expect(decodePacket(Buffer.from('\0\x01name\0octet'))).toBeUndefined()
    expect(decodePacket(Buffer.from('\x01\x01name\0octet\0'))).toBeUndefined()
  })
})

describe('options', () => {
  test('are accepted within the bounds of their RFCs', () => {
    const asked = { blksize: '1428', timeout: '3', tsize: '0', windowsize: '16' }
    const settings = negotiate(new Map(Object.entries(asked)), 1234)
    expect(settings).toMatchObject({ blockSize: 1428, windowSize: 16 })
    expect(new Set(settings.waitsMs)).toEqual(new Set([3000]))
    expect(Object.fromEntries(settings.accepted)).toEqual({ ...asked, tsize: '1234' })
  })

  test.each([
    ['blksize', '7'],
    ['blksize', '0'],
    ['blksize', '-8'],
    ['blksize', '0x200'],
    ['blksize', '1e3'],
    ['blksize', ''],
    ['timeout', '0'],
    ['timeout', '256'],
    ['windowsize', '0'],
    ['windowsize', '65536'],
    ['tsize', 'what'],
    ['multicast', ''],
  ])('%s of %j is passed over', (name, value) => {
    const settings = negotiate(new Map([[name, value]]), 1)
    expect(settings).toMatchObject({ blockSize: 512, windowSize: 1, accepted: new Map() })
  })

  test('never get more than is asked for, nor more than fits', () => {
    const count = fc.integer({ min: 1, max: 100_000 })
    fc.assert(
      fc.property(count, count, (blksize, windowsize) => {
        const asked = new Map([
          ['blksize', String(blksize)],
          ['windowsize', String(windowsize)],
        ])
        const { blockSize, windowSize, accepted } = negotiate(asked, 0)
        expect(blockSize).toBeLessThanOrEqual(blksize < 8 ? 512 : Math.min(blksize, 65_464))
        expect(windowSize).toBeLessThanOrEqual(windowsize)
        expect(windowSize).toBeGreaterThanOrEqual(1)
        expect(blockSize * windowSize).toBeLessThanOrEqual(512 * 1024)
        expect(accepted.get('blksize') ?? '512').toBe(String(blockSize))
        expect(accepted.get('windowsize') ?? '1').toBe(String(windowSize))
      }),
    )
  })
})
