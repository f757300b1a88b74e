import { duplexPair } from 'node:stream'

import { afterEach, expect, test, vi } from 'vitest'

import { Console } from '../../src/clients/index.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

test('output that no file can take stays in memory, with one warning', async () => {
  vi.stubEnv('TMPDIR', '/no/such/folder')
  const warnings: string[] = []
  const note = (warning: Error) => warnings.push(warning.message)
  process.on('warning', note)
  const [device, here] = duplexPair()
  await using console = new Console('board.console', async () => here, { memoryBytes: 10_000 })
  await console.open()
  const lines = Array.from({ length: 2_000 }, (_, number) => `line ${number} of the output`)
  for (const [number, line] of lines.entries()) {
    device.write(`${line}\r\n`)
    // The output comes in pieces, as from a device.
    if (number % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await console.expect('line 1999 of the output', { timeoutMs: 20_000 })
  expect(console.all.replaceAll('\r', '').trimEnd() === lines.join('\n')).toBe(true)
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', note)
  expect(warnings.filter((warning) => warning.includes('stays in memory'))).toEqual([
    expect.stringContaining('/no/such/folder'),
  ])
})
