import { duplexPair } from 'node:stream'
import { describe, expect, test } from 'vitest'

import { Console } from '../../src/clients/index.ts'
import { checkBytes, checkEscapes, checkNoise, checkPatterns } from './console-properties.ts'

describe('matching is that of the whole, however it comes', () => {
  test('texts, expressions and lists of them', () => checkPatterns(200, 1))

  test('with escape sequences between, and characters of several bytes cut', () => checkEscapes(100, 1))

  test('any bytes at all: the text is the same however they are cut', () => checkBytes(100, 1))

  test('lines after noise of any kind', () => checkNoise(300, 1))

  test('bytes are looked for as the device sent them', async () => {
    const [near, device] = duplexPair()
    await using console = new Console('c', async () => near)
    await console.open()
    device.write(Buffer.from([0x41, 0x1b, 0x5b, 0x31]))
    device.write(Buffer.from([0x6d, 0x42, 0xff, 0x00, 0x43]))
    const red = await console.expect(Buffer.from('\x1b[1mB'))
    expect(red).toMatchObject({ text: 'B', before: 'A', start: { raw: 1 }, end: { text: 2, raw: 6 } })
    expect(await console.expect(Uint8Array.of(0xff, 0x00))).toMatchObject({ end: { raw: 8 } })
    expect((await console.expect('C')).before).toBe('')
  })
})

describe('limits', () => {
  test.each([
    ['', /an empty text is everywhere/],
    [new Uint8Array(), /no bytes are everywhere/],
    [/(?<=a.*)b/, /look-behind/],
    [/[\s\S]*login/, /begins with \[\\s\\S\]\*/],
    [/[^]+x/, /begins with \[\^\]\+/],
    [5 as unknown as string, /5 is neither/],
  ])('%s is refused', async (wanted, message) => {
    const console = new Console('c', async () => duplexPair()[0])
    await expect(console.expect(wanted)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringMatching(message),
    })
  })

  test('a match that would grow without end is one of 8192 characters, or none', async () => {
    const [near, device] = duplexPair()
    await using console = new Console('c', async () => near)
    const found = console.expect([/BEGIN[\s\S]*END/, 'stop'])
    device.write(`BEGIN${'x'.repeat(20_000)}END stop`)
    expect(await found).toMatchObject({ text: 'stop' })
    const next = console.expect(/BEGIN[\s\S]*?END/)
    device.write(`BEGIN${'x'.repeat(20_000)}BEGIN${'y'.repeat(100)}END`)
    expect((await next).text).toHaveLength(108)
  })
})
