import { setImmediate as nextTurn } from 'node:timers/promises'
import { duplexPair } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Console, type Pattern } from '../../src/clients/index.ts'
import type { HardwareError } from '../../src/index.ts'

/** Few characters, so that much matches; of one to four bytes, and the ends of lines. */
const alphabet = ['a', 'b', 'ab', '1', ' ', '\n', '\r\n', 'é', '☂', '🚀']
const output = fc.array(fc.constantFrom(...alphabet), { maxLength: 60 }).map((parts) => parts.join(''))
const escapeSequences = [
  '\x1b[0m',
  '\x1b[1;31m',
  '\x1b[2K',
  '\x1b]0;title\x07',
  '\x1b]8;;x\x1b\\',
  '\x1b(B',
  '\x1bM',
  '\x1b[?25l',
]

const characters = fc.constantFrom(
  ...['a', 'b', '1', ' ', '\\n', '\\r', 'é', '☂', '.', '\\w', '\\s', '\\d', '[ab]', '[^a\\n]', '\\S', '\\p{L}'],
)
const quantifiers = fc.constantFrom('', '*', '+', '?', '{2}', '{1,3}', '*?', '+?', '??')
const join = (parts: readonly string[]) => parts.join('')

/** What may be repeated; repetitions of repetitions take for ever, in any engine that goes back. */
const repeatable = fc.oneof(
  characters,
  fc.array(characters, { minLength: 1, maxLength: 3 }).map((items) => `(?:${join(items)})`),
  fc.tuple(characters, characters).map(([one, other]) => `(${one}|${other}${one})`),
)
/** Regular expressions of all kinds that a console takes. */
const { expression: sources } = fc.letrec<{ expression: string; item: string }>((tie) => ({
  expression: fc.oneof(
    fc.array(tie('item'), { minLength: 1, maxLength: 4 }).map(join),
    fc.tuple(tie('item'), tie('item')).map(([one, other]) => `${one}|${other}`),
  ),
  item: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.tuple(repeatable, quantifiers).map(join),
    fc.constantFrom('^', '$', '\\b', '\\B'),
    repeatable.map((atom) => `(?=${atom})`),
    repeatable.map((atom) => `(?!${atom})`),
    repeatable.map((atom) => `(?<=${atom})`),
    characters.map((atom) => `(?<x>${atom})\\k<x>`),
    tie('expression').map((expression) => `(${expression})`),
    tie('expression').map((expression) => `(?:${expression})`),
  ),
}))

/** Expressions that match nothing at all are found where one stands. */
const expressions = fc
  .tuple(sources, fc.constantFrom('u', 'iu', 'su'))
  // Two groups cannot have one name.
  .filter(([source]) => source.split('(?<x>').length < 3)
  .map(([source, flags]) => new RegExp(source, flags))
const texts = fc.constantFrom('a', 'ab', 'aab', 'b\r\n', '\n', '☂', 'é1', '🚀', 'ab ab')
const pattern: fc.Arbitrary<Pattern> = fc.oneof(texts, expressions)
const patterns = fc.array(fc.oneof(pattern, fc.array(pattern, { minLength: 2, maxLength: 3 })), {
  minLength: 1,
  maxLength: 6,
})

interface Result {
  readonly text: string
  readonly before: string
  readonly groups: readonly (string | undefined)[]
  readonly index: number
  readonly end: number
}

/** What a plain search of the whole finds, one pattern after another. */
function searchWhole(whole: string, wanted: readonly (Pattern | readonly Pattern[])[]): (Result | undefined)[] {
  let cursor = 0
  return wanted.map((one) => {
    let best: (Result & { start: number }) | undefined
    for (const [index, alternative] of [one].flat().entries()) {
      const found = searchOne(whole, alternative as string | RegExp, cursor)
      if (found === undefined || (best !== undefined && best.start <= found.start)) continue
      const { start, text, groups } = found
      best = { start, text, groups, index, before: whole.slice(cursor, start), end: start + text.length }
    }
    if (best === undefined) return undefined
    cursor = best.end
    const { start: _, ...result } = best
    return result
  })
}

function searchOne(whole: string, alternative: string | RegExp, cursor: number) {
  if (typeof alternative === 'string') {
    const start = whole.indexOf(alternative, cursor)
    return start < 0 ? undefined : { start, text: alternative, groups: [] }
  }
  const search = new RegExp(alternative.source, `${alternative.flags}gm`)
  search.lastIndex = cursor
  const found = search.exec(whole)
  return found === null ? undefined : { start: found.index, text: found[0], groups: found.slice(1) }
}

/** What a console finds while the same comes in pieces, some of them together. */
async function converse(chunks: readonly Uint8Array[], wanted: readonly (Pattern | readonly Pattern[])[]) {
  const [near, device] = duplexPair()
  const console = new Console('c', async () => near, { guards: [] })
  const start = console.mark()
  const looking = (async () => {
    const results: (Result | undefined)[] = []
    for (const one of wanted) {
      const mark = console.mark()
      const match = await console.expect(one, { timeoutMs: 20_000 }).catch((error: HardwareError) => {
        // Some are refused.
        fc.pre(!/it begins with|the look-behind of/.test(error.message))
        if (error.code !== 'CONSOLE_CLOSED') throw error
        return undefined
      })
      const end = match?.end ?? mark
      // Where nothing was found, the cursor is where it was.
      expect(console.mark()).toEqual(end)
      results.push(
        match && { text: match.text, before: match.before, groups: match.groups, index: match.index, end: end.text },
      )
    }
    return results
  })()
  looking.catch(() => undefined)
  await console.open()
  for (const [index, chunk] of chunks.entries()) {
    device.write(chunk)
    if (index % 3 === 0) await nextTurn()
  }
  device.end()
  const results = await looking
  await expect(console.expect('what never comes')).rejects.toMatchObject({ code: 'CONSOLE_CLOSED' })
  const since = console.since(start)
  const raw = console.rawSince(start)
  await console[Symbol.asyncDispose]()
  device.destroy()
  return { results, since, raw, console }
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((one, other) => one - other)
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
}
const places = fc.array(fc.nat({ max: 1_000 }), { maxLength: 40 })

describe('matching is that of the whole, however it comes', () => {
  test('texts, expressions and lists of them', async () => {
    await fc.assert(
      fc.asyncProperty(output, places, patterns, async (whole, cuts, wanted) => {
        const { results, since } = await converse(cut(Buffer.from(whole), cuts), wanted)
        expect(since).toBe(whole)
        expect(results).toEqual(searchWhole(whole, wanted))
      }),
      { numRuns: 3_000 },
    )
  }, 60_000)

  test('with escape sequences between, and characters of several bytes cut', async () => {
    const parts = fc.array(fc.tuple(output, fc.constantFrom(...escapeSequences)), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(parts, places, patterns, async (pairs, cuts, wanted) => {
        const bytes = Buffer.from(pairs.flat().join(''))
        const clean = pairs.map(([text]) => text).join('')
        const { results, since, raw } = await converse(cut(bytes, cuts), wanted)
        expect(since).toBe(clean)
        expect(raw.equals(bytes)).toBe(true)
        expect(results).toEqual(searchWhole(clean, wanted))
      }),
      { numRuns: 800 },
    )
  }, 60_000)

  test('any bytes at all: what is read is the same however they are cut', async () => {
    const bytes = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 8 }),
        fc.constantFrom(...escapeSequences.map((text) => Buffer.from(text.slice(0, 3)))),
      ),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(bytes, places, async (parts, cuts) => {
        const all = Buffer.concat(parts)
        const [whole, pieces] = [await converse([all], []), await converse(cut(all, cuts), [])]
        expect(pieces.since).toBe(whole.since)
        expect(pieces.raw.equals(all)).toBe(true)
      }),
      { numRuns: 500 },
    )
  }, 60_000)

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
