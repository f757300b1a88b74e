import fc from 'fast-check'
import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { expect, test } from 'vitest'

import { LineSplitter, readLines } from '../../src/base/lines.ts'

async function linesOf(chunks: readonly (string | Buffer)[]): Promise<string[]> {
  const output = new PassThrough()
  const lines: string[] = []
  readLines(output, (line) => lines.push(line))
  for (const chunk of chunks) output.write(chunk)
  output.end()
  await finished(output)
  return lines
}

test('lines are put together from what comes, in any pieces', async () => {
  const text = 'one\ntwo ☂ three\r\n\r10 %\r20 %\nfour'
  const bytes = Array.from(Buffer.from(text), (byte) => Buffer.from([byte]))
  const expected = ['one', 'two ☂ three', '10 %', '20 %', 'four']
  for (const chunks of [[text], bytes]) {
    expect((await linesOf(chunks)).filter((line) => line !== '')).toEqual(expected)
  }
})

test('a line without an end comes in pieces', async () => {
  const lines = await linesOf(Array.from({ length: 1000 }, () => 'x'.repeat(1024)))
  expect(lines.join('')).toHaveLength(1000 * 1024)
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(64 * 1024)
})

test('what has no end yet can be asked for, once', () => {
  const output = new PassThrough()
  const lines: string[] = []
  const flush = readLines(output, (line) => lines.push(line))
  output.write('password: ')
  output.read()
  flush()
  flush()
  expect(lines).toEqual(['password: '])
})

const lineEnd = /\r\n|[\r\n]/

test('any text in any pieces of bytes gives the same lines', () => {
  const text = fc.array(
    fc.oneof(fc.constantFrom('\r', '\n', '\r\n', '☂', '😀', ''), fc.string({ unit: 'grapheme', maxLength: 5 })),
    { maxLength: 20 },
  )
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 }), (parts, sizes) => {
      const whole = parts.join('').toWellFormed()
      const bytes = Buffer.from(whole)
      const splitter = new LineSplitter()
      const lines: string[] = []
      for (let from = 0, piece = 0; from < bytes.length; piece++) {
        const to = from + (sizes[piece % sizes.length] ?? 1)
        lines.push(...splitter.push(bytes.subarray(from, to)))
        from = to
      }
      const expected = whole.split(lineEnd)
      const rest = expected.pop()
      expect(lines).toEqual(expected)
      expect(splitter.flush()).toBe(rest === '' ? undefined : rest)
    }),
  )
})

test('a line of 1 MiB comes in pieces, with an end or without, in one chunk or byte by byte', () => {
  for (const [end, size] of [
    ['\n', 2 ** 21],
    ['', 2 ** 21],
    ['', 1],
  ] as const) {
    // Time that grows with the square of the length would be minutes.
    const start = performance.now()
    const splitter = new LineSplitter({ maxLength: 1000 })
    const text = 'x'.repeat(2 ** 20) + end
    const pieces: string[] = []
    for (let from = 0; from < text.length; from += size) pieces.push(...splitter.push(text.slice(from, from + size)))
    pieces.push(splitter.flush() ?? '')
    expect(pieces.join('')).toHaveLength(2 ** 20)
    expect(Math.max(...pieces.map(({ length }) => length))).toBe(1000)
    expect(performance.now() - start).toBeLessThan(20_000)
  }
})

test('no piece ends within a character, and the halves of one that is cut short are replaced', () => {
  const splitter = new LineSplitter({ maxLength: 4 })
  expect(splitter.push('abc😀def😀\n')).toEqual(['abc', '😀de', 'f😀'])
  expect(splitter.push('1234\n12345678\n')).toEqual(['1234', '1234', '5678'])
  expect(splitter.push(Buffer.from('☂').subarray(0, 2))).toEqual([])
  expect(splitter.flush()).toBe('�')
  expect(splitter.push('next\n')).toEqual(['next'])
})
