import { expect, test } from 'vitest'

import { cleanText } from '../../src/base/clean-text.ts'

const open = (text: string) => cleanText(Buffer.from(text))

test.each(['\x1b]', '\x1bP', '\x1bX', '\x1b^', '\x1b_'])('%j holds back its line, and no line after it', (begin) => {
  expect(open(`a${begin}noise`)).toEqual({ text: 'a', length: 1 })
  for (const end of ['\r', '\n']) {
    const text = `${begin}noise${end}login: `
    expect(open(text)).toEqual({ text: text.replace('\x1b', ''), length: text.length })
    expect(open(`${text}\x07`)).toEqual({ text: `${text.replace('\x1b', '')}\x07`, length: text.length + 1 })
  }
})

test('a string control that ends in its line is left out', () => {
  expect(open('a\x1b]0;title\x07b\x1bPq\x1b\\c').text).toBe('abc')
})
