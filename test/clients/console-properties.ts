import { setImmediate as nextTurn } from 'node:timers/promises'
import { duplexPair } from 'node:stream'
import fc from 'fast-check'
import { expect } from 'vitest'

import { Console, type Pattern } from '../../src/clients/index.ts'
import type { HardwareError } from '../../src/index.ts'

/** Few characters, so that many patterns match: characters of one to four bytes, and ends of lines. */
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

/** Expressions that may be repeated. Repetitions of repetitions take for ever in any engine with backtracking. */
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

/** An expression that matches the empty text is found at the cursor. */
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
  readonly captures: readonly (string | undefined)[]
  readonly index: number
  readonly end: number
}

/** Finds one pattern after another in the whole output, with a plain search. */
function searchWhole(whole: string, wanted: readonly (Pattern | readonly Pattern[])[]): (Result | undefined)[] {
  let cursor = 0
  return wanted.map((one) => {
    let best: (Result & { start: number }) | undefined
    for (const [index, alternative] of [one].flat().entries()) {
      const found = searchOne(whole, alternative as string | RegExp, cursor)
      if (found === undefined || (best !== undefined && best.start <= found.start)) continue
      const { start, text, captures } = found
      best = { start, text, captures, index, before: whole.slice(cursor, start), end: start + text.length }
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
    return start < 0 ? undefined : { start, text: alternative, captures: [] }
  }
  const search = new RegExp(alternative.source, `${alternative.flags}gm`)
  search.lastIndex = cursor
  const found = search.exec(whole)
  return found === null ? undefined : { start: found.index, text: found[0], captures: found.slice(1) }
}

/** Finds the same patterns with a console, while the output comes in pieces, some of them together. */
async function converse(chunks: readonly Uint8Array[], wanted: readonly (Pattern | readonly Pattern[])[]) {
  const [near, device] = duplexPair()
  const console = new Console('c', async () => near, { guards: [] })
  const start = console.mark()
  const looking = (async () => {
    const results: (Result | undefined)[] = []
    for (const one of wanted) {
      const mark = console.mark()
      const match = await console.expect(one, { timeoutMs: 20_000 }).catch((error: HardwareError) => {
        // The console refuses some expressions.
        fc.pre(!/it begins with|the look-behind of/.test(error.message))
        if (error.code !== 'CONSOLE_CLOSED') throw error
        return undefined
      })
      const end = match?.end ?? mark
      // The cursor does not move without a match.
      expect(console.mark()).toEqual(end)
      results.push(
        match && {
          text: match.text,
          before: match.before,
          captures: match.captures,
          index: match.index,
          end: end.text,
        },
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
const escapedOutput = fc.array(fc.tuple(output, fc.constantFrom(...escapeSequences)), { maxLength: 6 })
const anyBytes = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 8 }),
    fc.constantFrom(...escapeSequences.map((text) => Buffer.from(text.slice(0, 3)))),
  ),
  { maxLength: 12 },
)

/** Texts, expressions and lists of them are found as in the whole output, no matter how it is cut. */
export const checkPatterns = (numRuns: number, seed = Date.now()) =>
  fc.assert(
    fc.asyncProperty(output, places, patterns, async (whole, cuts, wanted) => {
      const { results, since } = await converse(cut(Buffer.from(whole), cuts), wanted)
      expect(since).toBe(whole)
      expect(results).toEqual(searchWhole(whole, wanted))
    }),
    { numRuns, seed },
  )

/** Does the same as {@link checkPatterns}, with escape sequences in between and cuts inside characters. */
export const checkEscapes = (numRuns: number, seed = Date.now()) =>
  fc.assert(
    fc.asyncProperty(escapedOutput, places, patterns, async (pairs, cuts, wanted) => {
      const bytes = Buffer.from(pairs.flat().join(''))
      const clean = pairs.map(([text]) => text).join('')
      const { results, since, raw } = await converse(cut(bytes, cuts), wanted)
      expect(since).toBe(clean)
      expect(raw.equals(bytes)).toBe(true)
      expect(results).toEqual(searchWhole(clean, wanted))
    }),
    { numRuns, seed },
  )

/** The text and the bytes of any output are the same, no matter how it is cut. */
export const checkBytes = (numRuns: number, seed = Date.now()) =>
  fc.assert(
    fc.asyncProperty(anyBytes, places, async (parts, cuts) => {
      const all = Buffer.concat(parts)
      const [whole, pieces] = [await converse([all], []), await converse(cut(all, cuts), [])]
      expect(pieces.since).toBe(whole.since)
      expect(pieces.raw.equals(all)).toBe(true)
    }),
    { numRuns, seed },
  )

/** Noise that begins like escape sequences of all kinds. */
const noise = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom(
        '\x1b',
        '\x1b]',
        '\x1bP',
        '\x1bX',
        '\x1b^',
        '\x1b_',
        '\x1b[',
        '\x1b[1;',
        '\x1b(',
        '\x9b',
        '\x07',
        '\xe2',
      ),
      fc.string({ maxLength: 100 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))))

/** Lines are found, and are in the log as they are, no matter what comes before the end of the line before them. */
export const checkNoise = (numRuns: number, seed = Date.now()) =>
  fc.assert(
    fc.asyncProperty(noise, fc.constantFrom('\n', '\r\n'), places, async (before, lineEnd, cuts) => {
      const lines = ['U-Boot 2026.10', 'Hit any key: 3', 'board login: ']
      // A bell would end a string that went over the end of its line.
      const after = `${lineEnd}${lines.join(lineEnd)}\x07`
      const bytes = Buffer.concat([before, Buffer.from(after)])
      const { results, since, raw } = await converse(cut(bytes, cuts), lines)
      expect(results.map((result) => result?.text)).toEqual(lines)
      expect(since.endsWith(after)).toBe(true)
      expect(raw.equals(bytes)).toBe(true)
    }),
    { numRuns, seed },
  )
