import { setTimeout as delay } from 'node:timers/promises'
import { duplexPair } from 'node:stream'
import { describe, expect, test } from 'vitest'

import { Console } from '../../src/clients/index.ts'
import { printed } from '../support/console-line.ts'

describe('the beginning of an escape sequence in the noise of a start', () => {
  test.each([
    ['\x1b]', '=> '],
    ['\x1bP', '=> '],
    ['\x1bX', '=> '],
    ['\x1b^', '=> '],
    ['\x1b_', '=> '],
    ['\x1b[', '=> '],
    ['\x1b[1;', '=> '],
    ['\x1b', '# '],
    ['\x1b(', '# '],
  ])('does not hide a prompt: %j', async (begin, prompt) => {
    const { console } = await printed(`noise ${begin}`, prompt)
    expect(await console.expect(prompt, { timeoutMs: 10_000 })).toMatchObject({ text: prompt })
    await console[Symbol.asyncDispose]()
  })

  test('does not hide a failure of the board from a guard', async () => {
    const { console } = await printed(
      '\x1bPnoise\r\nKernel panic - not syncing: VFS\r\n',
      '\x1b]Kernel panic - not syncing: again',
    )
    const error = { code: 'GUARD_TRIPPED', message: expect.stringMatching(/kernel panic/) }
    await expect(console.expect('login: ', { timeoutMs: 10_000 })).rejects.toMatchObject(error)
    await expect(console.expect('login: ', { timeoutMs: 10_000 })).rejects.toMatchObject(error)
    await console[Symbol.asyncDispose]()
  })

  test('a sequence that does end in time is left out, also when it comes in pieces', async () => {
    const { console, device } = await printed('a\x1b]0;ti')
    device.write('tle\x07b')
    expect((await console.expect('b', { timeoutMs: 10_000 })).before).toBe('a')
    await console[Symbol.asyncDispose]()
  })

  test('the log is the same when its older part is on disk', async () => {
    const [near, device] = duplexPair()
    await using console = new Console('c', async () => near, { memoryBytes: 16 * 1024 })
    await console.open()
    device.write('\x1b]é☂=> ')
    const prompt = await console.expect('☂=> ', { timeoutMs: 10_000 })
    // The end of the sequence comes too late.
    device.write('\x07after \x1b[1mit\x1b[0m\r\n')
    const after = await console.expect('after it')
    const [all, raw] = [console.all, console.rawSince({ text: 0, raw: 0 })]
    expect(all).toBe(']é☂=> \x07after it\r\n')
    for (let count = 0; count < 60; count++) {
      device.write('x'.repeat(1_000))
      await delay(1)
    }
    device.write('END')
    await console.expect('END')
    expect(console.all.startsWith(all)).toBe(true)
    expect(console.rawSince({ text: 0, raw: 0 }).subarray(0, raw.length).equals(raw)).toBe(true)
    const again = console.reader({ from: 'start' })
    expect(await again.expect(Buffer.from('☂=> '))).toMatchObject({ start: prompt.start, end: prompt.end })
    expect(await again.expect('after it')).toMatchObject({ start: after.start, end: after.end })
  })
})
