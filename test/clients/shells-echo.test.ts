import { duplexPair } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { Console } from '../../src/clients/index.ts'

import { afterEcho, findEcho } from '../../src/clients/shells/echoed.ts'

const typed = fc.string({ minLength: 1, maxLength: 200 }).map((text) => `echo ${text}'`)

test('an echo that the line editor of busybox wraps is cut at its end, wherever the output is cut', () => {
  fc.assert(
    fc.property(typed, fc.integer({ min: 10, max: 90 }), (line, columns) => {
      const echo = line.match(new RegExp(`.{1,${columns}}`, 'g'))?.join('\r\n') ?? ''
      expect(findEcho(`${echo}\r\nout\r\n`, line)).toEqual({ length: echo.length + 2, lineEnd: '\r\n' })
      for (let cut = 1; cut <= echo.length; cut++) expect(findEcho(echo.slice(0, cut), line)).toBe('open')
    }),
  )
})

test('an output without an echo stays as it is', () => {
  for (const output of ['version 1.2\r\n', 'v1.2', '\r\n', 'x\ry\r\nz\r\n']) {
    expect(afterEcho(output, 'version --all')).toBe(output)
  }
})

test('a carriage return that busybox adds to the echo of a line that fills the terminal leaves none in the output', async () => {
  const [near, device] = duplexPair()
  device.on('data', (typed: Buffer) => {
    const line = typed.toString().replace(/\r$/, '')
    device.write(line === '' ? '\r\n$ ' : `${line}\r\r\none\r\ntwo\r\n$ `)
  })
  await using console = new Console('busybox', async () => near)
  const shell = await console.shell({ prompt: '$ ' })
  expect(await shell.run('print')).toMatchObject({ output: 'one\ntwo\n' })
})
