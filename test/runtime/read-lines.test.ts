import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { expect, test } from 'vitest'

import { readLines } from '../../src/runtime/read-lines.ts'

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
