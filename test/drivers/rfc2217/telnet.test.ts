import fc from 'fast-check'
import { expect, test } from 'vitest'

import {
  escapeTelnet,
  maxSubnegotiation,
  telnet,
  TelnetDecoder,
  telnetNegotiation,
  type TelnetPart,
  telnetSubnegotiation,
  type TelnetVerb,
} from '../../../src/drivers/serial/rfc2217/telnet.ts'
import { TelnetOptions } from '../../../src/drivers/serial/rfc2217/telnet-options.ts'

/** Bytes, with many of those that telnet gives a meaning. */
const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(255, 240, 250, 251, 252, 253, 254, 0, 13))
const bytes = fc.array(byte, { maxLength: 60 }).map((values) => Buffer.from(values))
const verb = fc.constantFrom<TelnetVerb>(telnet.will, telnet.wont, telnet.do, telnet.dont)
const part: fc.Arbitrary<TelnetPart> = fc.oneof(
  fc.record({ kind: fc.constant('data' as const), bytes: bytes.filter(({ length }) => length > 0) }),
  fc.record({ kind: fc.constant('negotiation' as const), verb, option: byte }),
  fc.record({ kind: fc.constant('subnegotiation' as const), option: byte, payload: bytes }),
)

function encode(given: TelnetPart): Uint8Array {
  if (given.kind === 'data') return escapeTelnet(given.bytes)
  if (given.kind === 'negotiation') return telnetNegotiation(given.verb, given.option)
  return telnetSubnegotiation(given.option, given.payload)
}

/** Cuts bytes at the places, and decodes piece by piece. */
function decode(all: Buffer, cuts: readonly number[]): TelnetPart[] {
  const decoder = new TelnetDecoder()
  const places = [0, ...cuts.map((cut) => cut % (all.length + 1)), all.length].toSorted((a, b) => a - b)
  return places.slice(1).flatMap((end, index) => decoder.push(all.subarray(places[index], end)))
}

/** Joins data that comes in several parts. */
function join(parts: readonly TelnetPart[]): TelnetPart[] {
  const joined: TelnetPart[] = []
  for (const next of parts) {
    const last = joined.at(-1)
    if (last?.kind !== 'data' || next.kind !== 'data') joined.push(next)
    else joined[joined.length - 1] = { kind: 'data', bytes: Buffer.concat([last.bytes, next.bytes]) }
  }
  return joined
}

test('all parts come back as they were, however the connection cuts them', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 6 }), (parts, cuts) => {
      expect(join(decode(Buffer.concat(parts.map(encode)), cuts))).toEqual(join(parts))
    }),
  )
})

test('any bytes, however cut, give the same parts, and never more than they are', () => {
  fc.assert(
    fc.property(
      fc.array(bytes).map((pieces) => Buffer.concat(pieces)),
      fc.array(fc.nat(), { maxLength: 6 }),
      (all, cuts) => {
        const parts = join(decode(all, cuts))
        expect(parts).toEqual(join(decode(all, [])))
        const size = parts.reduce((sum, next) => sum + (next.kind === 'data' ? next.bytes.length : 2), 0)
        expect(size).toBeLessThanOrEqual(all.length)
      },
    ),
  )
})

test('the data after a subnegotiation without an end is not lost', () => {
  const lost = Buffer.of(telnet.iac, telnet.sb, 44, 1, telnet.iac, telnet.will, 3, 65)
  expect(decode(lost, [])).toEqual([
    { kind: 'negotiation', verb: telnet.will, option: 3 },
    { kind: 'data', bytes: Buffer.from('A') },
  ])
})

test('a subnegotiation that does not end is refused, and does not fill the memory', () => {
  const decoder = new TelnetDecoder()
  decoder.push(Buffer.of(telnet.iac, telnet.sb, 44))
  const piece = Buffer.alloc(100)
  expect(() => {
    for (let sent = 0; sent <= maxSubnegotiation; sent += piece.length) decoder.push(piece)
  }).toThrow('a telnet subnegotiation of more than 1024 bytes')
})

test('two sides agree, whatever each offers and asks, and then are silent', () => {
  const list = fc.uniqueArray(fc.integer({ min: 0, max: 4 }))
  const side = fc.record({ us: list, them: list })
  fc.assert(
    fc.property(side, side, (one, other) => {
      const queue: (readonly [to: number, verb: TelnetVerb, option: number])[] = []
      const active = [new Set<string>(), new Set<string>()]
      const sides = [one, other].map(
        (config, index) =>
          new TelnetOptions({
            ...config,
            send: (sent, option) => void queue.push([1 - index, sent, option]),
            settled: (about, option, isActive) => {
              if (isActive) active[index]?.add(`${(about === 'us') === (index === 0) ? 'one' : 'other'} ${option}`)
            },
          }),
      )
      for (const options of sides) options.start()
      let steps = 0
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [to, sent, option] = next
        sides[to]?.receive(sent, option)
        expect(steps++).toBeLessThan(100)
      }
      expect(active[0]).toEqual(active[1])
      const agreed = [
        ...one.us.filter((option) => other.them.includes(option)).map((option) => `one ${option}`),
        ...other.us.filter((option) => one.them.includes(option)).map((option) => `other ${option}`),
      ]
      expect([...(active[0] ?? [])].toSorted()).toEqual(agreed.toSorted())
    }),
  )
})

test('a hostile side gets at most one answer for each of its steps', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(verb, byte)), (steps) => {
      let sent = 0
      const options = new TelnetOptions({ us: [44, 0], them: [0], send: () => void sent++, settled: () => undefined })
      options.start()
      for (const [step, option] of steps) options.receive(step, option)
      expect(sent).toBeLessThanOrEqual(3 + steps.length)
    }),
  )
})
