import { duplexPair } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Console, type Match } from '../../src/clients/index.ts'
import { line, printed } from '../support/console-line.ts'

describe('the line', () => {
  test('that is never opened counts for the wait too', async () => {
    const console = new Console('dut.console', () => new Promise(() => undefined))
    await expect(console.expect('x', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'CONSOLE_TIMEOUT' })
    const cancelled = console.expect('x', { signal: AbortSignal.timeout(50) })
    await expect(cancelled).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
  })

  test('that could not be opened is opened anew the next time', async () => {
    const [near, device] = duplexPair()
    let tries = 0
    const console = new Console('dut.console', async () => {
      if (tries++ === 0) throw new Error('port busy')
      return near
    })
    await expect(console.expect('x')).rejects.toThrow('port busy')
    await console.open()
    device.write('x')
    await console.expect('x')
  })

  test('that is closed takes nothing more', async () => {
    const { console, device } = await printed('bye')
    await console.expect('bye')
    device.destroy()
    await expect(console.expect('more')).rejects.toMatchObject({ code: 'CONSOLE_CLOSED' })
    await expect(console.send('x')).rejects.toMatchObject({ code: 'CONSOLE_CLOSED' })
  })
})

describe('patterns', () => {
  test('^ is the start of a line, and not of what is unread', async () => {
    const { console } = await printed('login: root\nroot@board\n')
    await console.expect('login: ')
    expect(await console.expect(/^root.*$/)).toMatchObject({ text: 'root@board' })
  })

  test('a text is looked for as it is', async () => {
    const { console } = await printed('a.c $ (x) [y] => ')
    const { time, waitedMs, ...match } = await console.expect('(x) [y] =>')
    expect(match).toEqual<Omit<Match, 'time' | 'waitedMs'>>({
      text: '(x) [y] =>',
      before: 'a.c $ ',
      groups: {},
      captures: [],
      index: 0,
      start: { text: 6, raw: 6 },
      end: { text: 16, raw: 16 },
    })
    expect(Math.abs(Date.now() - time)).toBeLessThan(60_000)
    expect(waitedMs).toBeLessThan(60_000)
  })

  test('a regular expression has groups, by position and by name', async () => {
    const { console } = await printed('boot\nU-Boot 2024.01 (arm)\n')
    const match = await console.expect(/U-Boot (?<year>\d+)\.(\d+)( beta)? \((?<arch>\w+)\)/)
    expect(match).toMatchObject({
      text: 'U-Boot 2024.01 (arm)',
      before: 'boot\n',
      groups: { year: '2024', arch: 'arm' },
      captures: ['2024', '01', undefined, 'arm'],
    })
  })

  test('^ and $ are the ends of lines, also where lines end with a carriage return', async () => {
    const { console } = await printed('noise ok\r\nok\r\nnot ok\r\n=> ')
    expect(await console.expect(/^ok$/)).toMatchObject({ before: 'noise ok\r\n' })
    expect(await console.expect(/^=> $/)).toMatchObject({ before: '\r\nnot ok\r\n' })
  })

  test('flags are kept, and neither g nor y leaves a place behind', async () => {
    const { console } = await printed('xx READY xx ready')
    const pattern = /ready/giy
    expect(await console.expect(pattern)).toMatchObject({ text: 'READY', before: 'xx ' })
    expect(await console.expect(pattern)).toMatchObject({ text: 'ready', before: ' xx ' })
    expect(pattern.lastIndex).toBe(0)
    const dotted = await printed('begin\nmiddle\nend')
    expect(await dotted.console.expect(/begin.*end/s)).toMatchObject({ before: '' })
  })
})

describe('the cursor', () => {
  test('moves behind each match, and takes nothing away', async () => {
    const { console } = await printed('one two one three')
    expect((await console.expect('one')).before).toBe('')
    expect((await console.expect('one')).before).toBe(' two ')
    expect((await console.expect(/\w+$/)).text).toBe('three')
    expect(console.all).toBe('one two one three')
    await expect(console.expect('one', { timeoutMs: 20 })).rejects.toMatchObject({ code: 'CONSOLE_TIMEOUT' })
  })

  test('stays where it is when nothing is found', async () => {
    const { console, device } = await printed('login: ')
    await expect(console.expect('password', { timeoutMs: 20 })).rejects.toMatchObject({ code: 'CONSOLE_TIMEOUT' })
    device.write('root')
    expect(await console.expect('root')).toMatchObject({ before: 'login: ' })
  })

  test('is one, so that two waits at once are refused', async () => {
    const { console, device } = line()
    const first = console.expect(/ok \d/)
    await expect(console.expect('ok')).rejects.toMatchObject({
      code: 'CONSOLE_BUSY',
      origin: 'test',
      message: expect.stringContaining('already waited on, for /ok \\d/'),
    })
    device.write('ok 1 ok 2')
    expect((await first).text).toBe('ok 1')
    expect((await console.expect(/ok \d/)).text).toBe('ok 2')
  })

  test('is another for another reader, which sees everything', async () => {
    const { console, device } = line()
    const [late, early] = [console.reader(), console.reader()]
    const waits = Promise.all([late.expect('late'), early.expect('early')])
    device.write('early late')
    expect((await waits).map(({ before }) => before)).toEqual(['early ', ''])
    expect(console.peek()).toBe('early late')
    expect(console.reader({ from: 'end' }).peek()).toBe('')
    expect(early.peek()).toBe(' late')
    expect(console.reader({ from: early.mark() }).peek()).toBe(' late')
  })
})

describe('output in pieces', () => {
  test('gives the same matches however it is cut', async () => {
    const patterns = ['Password: ', /^(?<user>\w+)@(\w+):~# /, 'Grüße ☂ 🚀', /temp=(\d+\.\d) °C\n/, 'root']
    const bytes = Buffer.from('U-Boot ☂\r\nPassword: \nroot@board:~# echo\nGrüße ☂ 🚀\ntemp=21.5 °C\nroot@board:~# ')
    const look = async (chunks: readonly Uint8Array[]) => {
      const { console, device } = line()
      const matches: Match[] = []
      const looking = (async () => {
        for (const pattern of patterns) {
          const match = await console.expect(pattern, { timeoutMs: 2_000 })
          matches.push({ ...match, time: 0, waitedMs: 0 })
        }
      })()
      await console.open()
      for (const chunk of chunks) device.write(chunk)
      await looking
      device.end()
      await expect(console.expect('never')).rejects.toMatchObject({ code: 'CONSOLE_CLOSED' })
      return { matches, output: console.all }
    }
    const whole = await look([bytes])
    expect(whole.output).toBe(bytes.toString())
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: bytes.length })
    await fc.assert(
      fc.asyncProperty(cuts, async (unsorted) => {
        const ends = [...unsorted.toSorted((a, b) => a - b), bytes.length]
        const chunks = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
        expect(await look(chunks)).toEqual(whole)
      }),
      { numRuns: 60 },
    )
  })

  test('byte by byte', async () => {
    const { console, device } = line()
    const found = console.expect('☂ ready')
    for (const byte of Buffer.from('🚀 ☂ ready')) device.write(Buffer.from([byte]))
    expect(await found).toMatchObject({ before: '🚀 ' })
    expect(console.all).toBe('🚀 ☂ ready')
  })

  test('bytes that are no UTF-8 are shown as such, and lose nothing after them', async () => {
    const { console } = await printed(Buffer.from([0xff, 0x61, 0xc3]), 'b')
    expect((await console.expect('b')).before).toBe('\ufffda\ufffd')
  })
})
