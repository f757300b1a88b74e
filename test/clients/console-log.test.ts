import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { type Duplex, duplexPair } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'

import { Console, type ConsoleOptions } from '../../src/clients/index.ts'

// oxlint-disable-next-line no-control-regex -- they begin with a control character
const attributes = /\x1b\[\dm/g

function line(options: ConsoleOptions = {}): { console: Console; device: Duplex } {
  const [near, device] = duplexPair()
  return { console: new Console('dut.console', async () => near, options), device }
}

async function printed(output: string, options: ConsoleOptions = {}) {
  const { console, device } = line(options)
  await console.open()
  device.write(output)
  return { console, device }
}

describe('the log', () => {
  test('keeps what is older on disk, and gives all of it back', async () => {
    const { console, device } = line({ memoryBytes: 64 * 1024, guards: [] })
    await console.open()
    const all: string[] = []
    const marks = [console.mark()]
    for (let n = 0; n < 400; n++) {
      const text = `${n} \x1b[1m☂\x1b[0m ${'x'.repeat(1_000 + n)}\r\n`
      all.push(text)
      device.write(text)
      if (n % 100 === 99) {
        await console.expect(`\n`, { timeoutMs: 10_000 })
        await console.expect(`${n} ☂`, { timeoutMs: 10_000 })
        marks.push(console.mark())
      }
    }
    device.write('END')
    await console.expect('END')
    const clean = all.join('').replaceAll(attributes, '')
    expect(console.all).toBe(`${clean}END`)
    expect(console.rawSince({ text: 0, raw: 0 }).toString()).toBe(`${all.join('')}END`)
    for (const mark of marks) {
      expect(console.since(mark)).toBe(`${clean}END`.slice(mark.text))
      expect(console.rawSince(mark).toString().replaceAll(attributes, '')).toBe(`${clean}END`.slice(mark.text))
    }
    // A reader from the start finds what is on disk.
    expect((await console.reader({ from: 'start' }).expect(/^3 ☂ x+/)).start.text).toBe(clean.indexOf('3 ☂'))
    await console[Symbol.asyncDispose]()
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('vitest-hardware-log-'))).toEqual([])
  })

  test('knows when everything came', async () => {
    const { console, device } = line()
    await console.open()
    const before = Date.now()
    device.write('one ')
    const one = await console.expect('one')
    const wait = console.expect('two')
    await delay(60)
    device.write('two')
    const two = await wait
    expect(one.time).toBeGreaterThanOrEqual(before)
    expect(two.time - one.time).toBeGreaterThanOrEqual(50)
    expect(two.waitedMs).toBeGreaterThanOrEqual(40)
    expect(two.time).toBeLessThanOrEqual(Date.now())
  })

  test('peek, marks and skip take nothing away', async () => {
    const { console, device } = await printed('a b c ')
    await console.expect('a')
    const mark = console.mark()
    expect(console.peek()).toBe(' b c ')
    await console.expect('b')
    expect(console.since(mark)).toBe(' b c ')
    console.skip()
    expect(console.peek()).toBe('')
    device.write('d')
    expect((await console.expect('d')).before).toBe('')
    expect(console.all).toBe('a b c d')
  })

  test('gives lines as they are completed, to any number of readers', async () => {
    const { console, device } = await printed('one\r\ntwo\nthr')
    const read = async () => {
      const lines: string[] = []
      for await (const text of console.lines()) lines.push(text)
      return lines
    }
    const both = Promise.all([read(), read()])
    device.write('ee\r\n\r\npro')
    device.end('mpt> ')
    expect(await both).toEqual([
      ['one', 'two', 'three', '', 'prompt> '],
      ['one', 'two', 'three', '', 'prompt> '],
    ])
    expect(console.mark().text).toBe(0)
  })

  test('lines end with the signal, or after the limit', async () => {
    const { console } = await printed('one\n')
    const lines = console.lines({ timeoutMs: 50 })
    expect((await lines.next()).value).toBe('one')
    await expect(lines.next()).rejects.toMatchObject({
      code: 'CONSOLE_TIMEOUT',
      message: expect.stringContaining('did not print another line in 50 ms'),
    })
    await expect(console.lines({ signal: AbortSignal.timeout(50) }).next()).resolves.toMatchObject({ value: 'one' })
  })

  test('goes on when the stream has ended and is opened again', async () => {
    const ends: Duplex[] = []
    const console = new Console('c', async () => {
      const [near, device] = duplexPair()
      ends.push(device)
      return near
    })
    await console.open()
    ends[0]?.end('before ')
    await expect(console.expect('nothing')).rejects.toMatchObject({ code: 'CONSOLE_CLOSED' })
    await console.open()
    ends[1]?.write('after')
    expect((await console.expect('after')).before).toBe('before ')
  })
})

describe('typing', () => {
  test('is paced, and what is typed at once comes one after another', async () => {
    const { console, device } = line({ charDelayMs: 5, lineEnd: '\n' })
    const received: { text: string; time: number }[] = []
    device.on('data', (chunk: Buffer) => received.push({ text: chunk.toString(), time: performance.now() }))
    await Promise.all([console.sendLine('héy'), console.send('☂!', { charDelayMs: 0 })])
    await expect.poll(() => received.map(({ text }) => text).join('')).toBe('héy\n☂!')
    expect(received.map(({ text }) => text)).toEqual(['h', 'é', 'y', '\n', '☂!'])
    expect((received[3]?.time ?? 0) - (received[0]?.time ?? 0)).toBeGreaterThanOrEqual(12)
  })

  test('secrets are typed, and not shown by errors', async () => {
    const { console, device } = line()
    device.on('data', (chunk: Buffer) => device.write(chunk))
    await console.secret('hunter2')
    await expect(console.expect('$ ', { timeoutMs: 100 })).rejects.toThrow('| ***')
    await expect(console.reader({ from: 'start' }).expect('hunter3', { timeoutMs: 50 })).rejects.not.toThrow('hunter2')
    expect(console.all).toBe('hunter2\r')
  })
})

describe('near misses', () => {
  test.each([
    ['root@board:~$ ', 'Root@', 'There is "root@" instead of "Root@".'],
    ['login succeeded', 'login successful', 'There is the beginning of "login successful": "login succe".'],
    ['READY>', /ready>/, 'There is "READY>", which /ready>/ matches but for the case.'],
  ])('%s is not %s', async (output, pattern, hint) => {
    const { console } = await printed(output)
    await expect(console.expect(pattern, { timeoutMs: 50 })).rejects.toThrow(hint)
  })

  test('what an earlier wait has gone past, and where the cursor is', async () => {
    const { console } = await printed('booting\r\nlogin: \r\nlast login: today\r\n')
    await console.expect('last login')
    await expect(console.expect('login: \r', { timeoutMs: 50 })).rejects.toThrow(
      [
        'Console dut.console did not print "login: \\r" in 50 ms. Last lines:',
        '  · booting',
        '  · login: ',
        '  | last login: today',
        '  | ',
        '"login: \\r" came before: an earlier wait has gone past it.',
      ].join('\n'),
    )
  })
})
