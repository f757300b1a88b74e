import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'

import { failAfterData } from '../../src/base/fail-after-data.ts'

const gone = new Error('gone')

test('the error comes behind the data, for readers of any kind', async () => {
  const full = () => {
    const stream = new Readable({ read: () => undefined })
    for (const word of ['last ', 'words']) stream.push(word)
    failAfterData(stream, gone)
    return stream
  }
  let text = ''
  const read = async () => {
    for await (const chunk of full()) text += String(chunk)
  }
  await expect(read()).rejects.toBe(gone)
  expect(text).toBe('last words')

  const copy = new PassThrough()
  await expect(pipeline(full(), copy)).rejects.toBe(gone)

  const listened = full()
  let heard = ''
  listened.on('data', (chunk) => (heard += String(chunk))).on('end', () => (heard += ', and an end'))
  const [error] = await once(listened, 'error')
  expect([heard, error]).toEqual(['last words', gone])
})

test('a stream without data fails at once, though nobody reads', async () => {
  const stream = new Readable({ read: () => undefined })
  failAfterData(stream, gone)
  expect(await once(stream, 'error')).toEqual([gone])
})
