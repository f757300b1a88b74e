import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Frame } from '../../../src/drivers/can/frame.ts'
import { AdapterClock } from '../../../src/drivers/can/slcan/adapter-clock.ts'
import { decodeFrame, encodeFrame } from '../../../src/drivers/can/slcan/frame-text.ts'
import { type SlcanPart, SlcanReader } from '../../../src/drivers/can/slcan/reader.ts'
import { canFdLengths } from '../../../src/interfaces/can.ts'

const frame: fc.Arbitrary<Frame> = fc
  .record({
    kind: fc.constantFrom('data', 'remote', 'fd', 'fast'),
    isExtended: fc.boolean(),
    id: fc.nat(),
    size: fc.nat(),
    bytes: fc.uint8Array({ minLength: 64, maxLength: 64 }),
  })
  .map(({ kind, isExtended, id, size, bytes }) => {
    const [isRemote, isFd] = [kind === 'remote', kind === 'fd' || kind === 'fast']
    const lengths = isFd ? canFdLengths : canFdLengths.slice(0, 9)
    const length = lengths[size % lengths.length] ?? 0
    return {
      id: id % (isExtended ? 0x2000_0000 : 0x800),
      isExtended,
      isRemote,
      isFd,
      bitrateSwitch: kind === 'fast',
      data: isRemote ? Buffer.alloc(0) : Buffer.from(bytes.subarray(0, length)),
      length,
    }
  })
const stampMs = fc.option(fc.integer({ min: 0, max: 59_999 }), { nil: undefined })
const part: fc.Arbitrary<SlcanPart> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('frame' as const), frame, stampMs }) },
  fc.record({ kind: fc.constant('line' as const), text: fc.constantFrom('', 'z', 'Z', 'V1013', 'NA123', 'F80') }),
  fc.constant({ kind: 'refusal' as const }),
)

function encode(given: SlcanPart): string {
  if (given.kind === 'refusal') return '\x07'
  if (given.kind === 'line') return `${given.text}\r`
  const stamp = given.stampMs === undefined ? '' : given.stampMs.toString(16).padStart(4, '0')
  return `${encodeFrame(given.frame)}${stamp}\r`
}

describe('the text of a frame', () => {
  test.each<[string, Partial<Omit<Frame, 'data'>> & { data?: string }]>([
    ['t1233010203', { id: 0x123, length: 3, data: '010203' }],
    ['T1FFFFFFF0', { id: 0x1fff_ffff, isExtended: true }],
    ['r7FF8', { id: 0x7ff, isRemote: true, length: 8 }],
    ['R0000000A0', { id: 10, isExtended: true, isRemote: true }],
    [`d0019${'AB'.repeat(12)}`, { id: 1, isFd: true, length: 12, data: 'ab'.repeat(12) }],
    [
      `B18DAF110F${'00'.repeat(64)}`,
      { id: 0x18daf110, isExtended: true, isFd: true, bitrateSwitch: true, length: 64, data: '00'.repeat(64) },
    ],
  ])('%s', (text, { data = '', ...given }) => {
    const none = { id: 0, isExtended: false, isRemote: false, isFd: false, bitrateSwitch: false, length: 0 }
    const expected = { ...none, ...given, data: Buffer.from(data, 'hex') }
    expect(encodeFrame(expected)).toBe(text)
    expect(decodeFrame(text)).toEqual({ frame: expected, stampMs: undefined })
    expect(decodeFrame(`${text.toLowerCase().replace(/^./, text.charAt(0))}EA5F`)).toEqual({
      frame: expected,
      stampMs: 59_999,
    })
  })

  test.each([
    '',
    't',
    't12',
    't123',
    't1239',
    't12330102',
    't12330102030',
    't123301020304',
    't8000',
    'T200000000',
    'x',
    'z',
  ])('%j is none', (text) => expect(decodeFrame(text)).toBeUndefined())

  test('a remote frame may have bytes behind it, as those of CANable', () => {
    expect(decodeFrame('r12330A0B0C')).toMatchObject({ frame: { isRemote: true, length: 3, data: Buffer.alloc(0) } })
  })
})

test('all parts come back as they were, over every cut of the output', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const all = Buffer.from(parts.map(encode).join(''), 'latin1')
      for (let cut = 0; cut <= all.length; cut++) {
        const reader = new SlcanReader()
        expect([...reader.push(all.subarray(0, cut)), ...reader.push(all.subarray(cut))]).toEqual(parts)
      }
      const reader = new SlcanReader()
      expect([...all].flatMap((byte) => reader.push(Buffer.of(byte)))).toEqual(parts)
    }),
    { numRuns: 60 },
  )
})

test('noise is no frame, does not grow without end, and does not swallow the line that follows its end', () => {
  const reader = new SlcanReader()
  for (let n = 0; n < 100; n++) expect(reader.push(Buffer.alloc(10_000, 0xff))).toEqual([])
  const [noise, ...rest] = reader.push(Buffer.from('\rt1230\r\n'))
  expect(noise).toMatchObject({ kind: 'line', text: expect.stringMatching(/^.{1,300}$/) })
  expect(rest).toMatchObject([{ kind: 'frame', frame: { id: 0x123 } }])
})

describe('the clock of an adapter', () => {
  const startMs = 1_700_000_000_000

  test('agrees with this machine, whatever delays frames, however often it begins again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ gapMs: fc.integer({ min: 0, max: 400_000 }), delayMs: fc.integer({ min: 0, max: 900 }) })),
        fc.integer({ min: 0, max: 59_999 }),
        (frames, first) => {
          let hostMs = 0
          const clock = new AdapterClock({ now: () => hostMs, wallClock: () => startMs + hostMs })
          let sentMs = 0
          clock.timeOf(first)
          for (const { gapMs, delayMs } of frames) {
            sentMs += gapMs
            hostMs = Math.max(hostMs, sentMs + delayMs)
            const timeMs = clock.timeOf((first + sentMs) % 60_000)
            // The first frame came without delay, so that its offset is exact.
            expect(Math.abs(timeMs - (startMs + sentMs))).toBeLessThan(1 + hostMs * 2e-4)
          }
        },
      ),
    )
  })

  test('keeps the distance of two frames that come together', () => {
    let hostMs = 0
    const clock = new AdapterClock({ now: () => hostMs, wallClock: () => startMs + hostMs })
    clock.timeOf(59_000)
    hostMs = 1_200
    const times = [59_990, 59_999, 5].map((stamp) => clock.timeOf(stamp))
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 9, 15])
  })
})
