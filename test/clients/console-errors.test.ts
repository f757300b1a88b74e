import { getEventListeners } from 'node:events'
import { duplexPair } from 'node:stream'
import { describe, expect, test } from 'vitest'

import { Console } from '../../src/clients/index.ts'
import { line, printed } from '../support/console-line.ts'

describe('errors', () => {
  test('have a short message and details', async () => {
    const { console } = await printed('almost\r\n')
    await console.secret('swordfish')
    await expect(console.expect('swordfish', { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'CONSOLE_TIMEOUT',
      shortMessage: 'Console board.console did not print "***" in 30 ms.',
      details: { console: 'board.console', limitMs: 30 },
    })
    await console[Symbol.asyncDispose]()
    await expect(console.expect('x')).rejects.toMatchObject({ details: { console: 'board.console' } })
  })

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
      /^Console board\.console did not print "ok" in 20 ms\. It has printed nothing\.$/,
    )
    device.write('ok\n')
    await console.expect('ok')
    await expect(console.expect('ok', { timeoutMs: 20 })).rejects.toThrow(
      'It has printed nothing since the last match.\n  | ok\n  | ',
    )
    console.skip()
    await expect(console.expect('ok', { timeoutMs: 20 })).rejects.toThrow(
      'It has printed nothing since the wait began.',
    )
  })

  test('of a time limit show what was sent since the last match, without secrets', async () => {
    const { console, device } = line()
    await console.sendLine('before')
    device.write('login: ')
    await console.expect('login: ')
    await console.sendLine('root')
    await console.secret('hunter2')
    await console.send(Uint8Array.of(3))
    const sent = '\nIt was sent "root\\r", "***", bytes 03.'
    await expect(console.expect('# ', { timeoutMs: 20 })).rejects.toThrow(sent)
    await console.sendLine('x'.repeat(1_000), { lineEnd: '' })
    const last = `\nIt was sent "***", bytes 03, "${'x'.repeat(100)}…".`
    await expect(console.expect('# ', { timeoutMs: 20 })).rejects.toThrow(last)
  })

  test('of output that is no text have the origin lab, and the likely reason', async () => {
    const { console, device } = line()
    device.write('U-Boot 2024.01 für Größen\r\n')
    await expect(console.expect('=> ', { timeoutMs: 20 })).rejects.toMatchObject({ origin: 'firmware' })
    console.skip()
    device.write(Uint8Array.from({ length: 400 }, (_, n) => (n * 37 + (n >> 3) * 91) & 0xff))
    await expect(console.expect('=> ', { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'CONSOLE_TIMEOUT',
      origin: 'lab',
      message: expect.stringContaining('Most of this is no text: compare the rate of the serial line (baudrate)'),
    })
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
