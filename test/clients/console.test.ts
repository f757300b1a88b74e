import { getEventListeners } from 'node:events'
import { Duplex, duplexPair } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Console, type Match } from '../../src/clients/index.ts'

/** A console, and the device at the other end of its line. */
function line(): { console: Console; device: Duplex } {
  const [near, device] = duplexPair()
  return { console: new Console('board.console', async () => near), device }
}

/** A console on which a device has printed something. */
async function printed(...chunks: readonly (string | Uint8Array)[]) {
  const { console, device } = line()
  await console.open()
  for (const chunk of chunks) device.write(chunk)
  return { console, device }
}

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
      groups: [],
      named: {},
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
      groups: ['2024', '01', undefined, 'arm'],
      named: { year: '2024', arch: 'arm' },
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

describe('sending', () => {
  test('text and bytes arrive as they are', async () => {
    const { console, device } = line()
    const received: Buffer[] = []
    device.on('data', (chunk: Buffer) => received.push(chunk))
    await console.send('☂\n')
    await console.send(Uint8Array.of(0, 3, 255))
    expect(Buffer.concat(received)).toEqual(Buffer.from([...Buffer.from('☂\n'), 0, 3, 255]))
  })

  test('to a device that takes nothing ends with a limit, or a signal, that says what it waited for', async () => {
    const full = new Duplex({ read() {}, write() {} })
    const console = new Console('dut.console', async () => full, { limits: () => ({ timeoutMs: 50 }) })
    await expect(console.send('x')).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      message: 'sending to console dut.console did not end within 50 ms',
    })
    const cancelled = console.send('y', { signal: AbortSignal.abort(new Error('enough')) })
    await expect(cancelled).rejects.toMatchObject({
      code: 'CALL_CANCELLED',
      message: 'Console dut.console: sending was cancelled (enough)',
    })
  })

  test('character by character ends with a signal that says so', async () => {
    const { console, device } = line()
    const signal = AbortSignal.timeout(50)
    await expect(console.send('abc', { charDelayMs: 60_000, signal })).rejects.toMatchObject({
      code: 'CALL_CANCELLED',
      message: /^Console board\.console: sending was cancelled/,
    })
    expect(String(device.read())).toBe('a')
  })

  test('a large text arrives in one piece', async () => {
    const { console, device } = line()
    const text = 'é'.repeat(50_000)
    const sent = console.send(text).then(() => device.end())
    let got = ''
    device.setEncoding('utf8')
    device.on('data', (chunk: string) => {
      got += chunk
    })
    await sent
    await expect.poll(() => got.length).toBe(text.length)
    expect(got).toBe(text)
  })

  test('opens the line, once', async () => {
    let opened = 0
    const [near, device] = duplexPair()
    device.resume()
    const console = new Console('c', async () => {
      opened++
      return near
    })
    expect(opened).toBe(0)
    await Promise.all([console.send('a'), console.send('b'), console.open()])
    expect(opened).toBe(1)
  })
})

describe('errors', () => {
  test('of a time limit show the pattern and the last lines', async () => {
    const lines = Array.from({ length: 30 }, (_, n) => `line ${n}`)
    const { console } = await printed(`${lines.join('\r\n')}\r\npanic`)
    const failure = console.expect(/=> $/, { timeoutMs: 50 })
    await expect(failure).rejects.toMatchObject({
      code: 'CONSOLE_TIMEOUT',
      origin: 'firmware',
      timedOut: true,
      message: [
        'Console board.console did not print /=> $/ in 50 ms. Last lines:',
        ...[...lines.slice(-14), 'panic'].map((text) => `  | ${text}`),
      ].join('\n'),
    })
  })

  test('say so when nothing was printed, at all or since the last match', async () => {
    const { console, device } = line()
    await expect(console.expect('ok', { timeoutMs: 20 })).rejects.toThrow(
      /^Console board\.console did not print "ok" in 20 ms\. It has printed nothing since the last match\.$/,
    )
    device.write('ok\n')
    await console.expect('ok')
    await expect(console.expect('ok', { timeoutMs: 20 })).rejects.toThrow(
      'It has printed nothing since the last match.\n  | ok\n  | ',
    )
  })

  test('of a signal carry its reason, before and during the wait', async () => {
    const { console } = line()
    const controller = new AbortController()
    const wait = console.expect('ok', { signal: controller.signal })
    await expect.poll(() => getEventListeners(controller.signal, 'abort')).toHaveLength(1)
    controller.abort(new Error('the test is over'))
    const expected = {
      code: 'CALL_CANCELLED',
      cancelled: true,
      message: expect.stringContaining('did not print "ok": the wait was cancelled (the test is over)'),
      cause: controller.signal.reason as unknown,
    }
    await expect(wait).rejects.toMatchObject(expected)
    await expect(console.expect('ok', { signal: controller.signal })).rejects.toMatchObject(expected)
  })

  test('leave no listener on a signal, nor does success', async () => {
    const { console } = await printed('ok')
    const { signal } = new AbortController()
    await console.expect('ok', { signal })
    await expect(console.expect('no', { signal, timeoutMs: 20 })).rejects.toThrow('in 20 ms')
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('of a line that closes end every wait, with the last lines', async () => {
    const { console, device } = await printed('Resetting …\n')
    await console.expect('Resetting')
    const failures = ['login', /^=> /].map((pattern) =>
      expect(console.reader().expect(pattern)).rejects.toMatchObject({
        code: 'CONSOLE_CLOSED',
        origin: 'board',
        message: 'Console board.console was closed. Last lines:\n  | Resetting …\n  | rebooting',
      }),
    )
    device.end('rebooting')
    await Promise.all(failures)
    await expect(console.expect('c')).rejects.toMatchObject({ code: 'CONSOLE_CLOSED' })
    expect(await console.expect('rebooting'), 'what it printed can still be found').toMatchObject({ before: ' …\n' })
  })

  test('of a line that breaks name the reason', async () => {
    const [near, device] = duplexPair()
    const console = new Console('c', async () => near)
    const wait = console.expect('a')
    await console.open()
    near.destroy(new Error('the cable was pulled'))
    await expect(wait).rejects.toMatchObject({
      code: 'CONSOLE_CLOSED',
      message: expect.stringContaining('was closed: the cable was pulled.'),
      cause: { message: 'the cable was pulled' },
    })
    device.destroy()
  })

  test('of a line that cannot be opened reach everybody who uses it', async () => {
    const console = new Console('c', () => Promise.reject(new Error('no such port')))
    await expect(console.open()).rejects.toThrow('no such port')
    await expect(console.expect('a')).rejects.toThrow('no such port')
    await expect(console.send('a')).rejects.toThrow('no such port')
  })
})
