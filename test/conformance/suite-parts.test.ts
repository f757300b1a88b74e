import { Duplex, PassThrough, Transform } from 'node:stream'
import { expect, test } from 'vitest'

import { rules } from '../../src/base/check.ts'
import { makeBadConfig, missedMistakes } from '../../src/conformance/bad-config.ts'
import { contractMistakes } from '../../src/conformance/contract.ts'
import { echo, everyByte, testBytes } from '../../src/conformance/echo.ts'
import { noteResources } from '../../src/conformance/leftovers.ts'
import { Driver } from '../../src/index.ts'
import { Power } from '../../src/interfaces/index.ts'

test('bytes that come back are compared; the first wrong byte is named', async () => {
  await echo(new PassThrough(), testBytes(300_000), {}, 1000)
  const terminal = new Transform({
    transform: (chunk: Buffer, _encoding, done) =>
      done(
        null,
        chunk.map((byte) => (byte === 0x0d ? 0x0a : byte)),
      ),
  })
  await expect(echo(terminal, everyByte, {}, 1000)).rejects.toThrow('Byte 13 came back as 0x0a, and was sent as 0x0d')
  const talker = new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, Buffer.concat([chunk, chunk])),
  })
  await expect(echo(talker, everyByte, {}, 1000)).rejects.toThrow('sent more than the 512 bytes')
})

test('bytes that do not come back are missed in time', async () => {
  const silent = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  await expect(echo(silent, everyByte, {}, 20)).rejects.toThrow('the echo of byte 0 of 512 did not end within 20 ms')
  const ended = new PassThrough()
  ended.end()
  await expect(
    echo(
      ended.on('error', () => undefined),
      everyByte,
      {},
      1000,
    ),
  ).rejects.toThrow(/the stream ended before|write after end/i)
})

test('all differences between a driver and an interface are told', () => {
  const { on, read } = Power.methods
  class Odd extends Driver {
    static readonly interface = { client: 'test.Odd', methods: { on: { ...on, wireName: 'switch_on' }, off: read } }
    on() {}
  }
  expect(contractMistakes(new Odd(), Power, new Set(['read']))).toEqual([
    "on is 'switch_on' on the wire, not 'on', so that other clients do not find it",
    'off is a streaming of the interface of Odd, not a call',
    'Odd does not implement off()',
  ])
})

test('a driver that names only its first mistake is found out', async () => {
  class Ruled extends Driver {
    static readonly interface = Power
    static readonly configRules = { host: rules.text, port: rules.port }
  }
  // The runtime finds the mistakes of a class by its own rules, but not of one that inherits them.
  class Hasty extends Ruled {
    constructor(config: Readonly<Record<string, unknown>>) {
      super()
      if (typeof config['host'] !== 'string') throw new TypeError('host is no text')
    }
  }
  const wrong = makeBadConfig(Hasty)
  expect(wrong?.mistakes).toEqual(['host', 'port', 'conformanceUnknownKey'])
  expect(wrong && (await missedMistakes(Hasty, wrong))).toBe(
    'the error of Hasty does not name these mistakes: port, conformanceUnknownKey. It is: host is no text',
  )
})

test('what is left open is told', async () => {
  const leftovers = noteResources()
  expect(await leftovers(100)).toEqual([])
  // Timers that an earlier file has left may end meanwhile.
  const timers = Array.from({ length: 9 }, () => setInterval(() => undefined, 1000))
  expect(await leftovers(20)).toContainEqual(expect.stringMatching(/^\d Timeout$/))
  for (const timer of timers) clearInterval(timer)
  expect(await leftovers(1000)).toEqual([])
})
