import { Duplex, duplexPair } from 'node:stream'
import { describe, expect, test } from 'vitest'

import { Console } from '../../src/clients/index.ts'
import { line } from '../support/console-line.ts'

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
