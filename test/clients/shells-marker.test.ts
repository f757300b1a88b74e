import { Duplex } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'

import { Console } from '../../src/clients/console.ts'
import { createDeadline } from '../../src/clients/shells/deadline.ts'
import { createMarker, printMarker } from '../../src/clients/shells/marker.ts'
import { waitForMarker } from '../../src/clients/shells/wait-for-marker.ts'

const kernelMessage = '[   12.345678] tick\r\n'

/** Waits for a marker in an output that comes in two pieces. */
async function seen(marker: ReturnType<typeof createMarker>, [first, second]: readonly [string, string]) {
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const console = new Console('board', async () => stream)
  onTestFinished(() => console[Symbol.asyncDispose]())
  const waiting = waitForMarker(console, [marker], createDeadline({ timeoutMs: 5_000 }))
  stream.push(first)
  setImmediate(() => setImmediate(() => stream.push(second)))
  return waiting
}

test('the echo of a marker is not the marker', () => {
  const marker = createMarker()
  expect(printMarker(marker)).not.toContain(marker.text)
})

test('a kernel message at any place of a marker does no harm, and neither does a cut of the output', async () => {
  const marker = createMarker()
  const printed = `${marker.text}:42;`
  for (let place = 1; place < printed.length; place++) {
    const hit = `out\r\n${printed.slice(0, place)}${kernelMessage}${kernelMessage}${printed.slice(place)}\r\n`
    for (const cut of [5 + place, 5 + place + 9, 5 + place + kernelMessage.length]) {
      const pieces = [hit.slice(0, cut), hit.slice(cut)] as const
      const expected = { before: 'out\r\n', number: 42, kernelMessages: Array(2).fill(kernelMessage.trimEnd()) }
      expect(await seen(marker, pieces), hit).toMatchObject(expected)
    }
  }
})

test('a marker of another command is output', async () => {
  const [marker, other] = [createMarker(), createMarker()]
  const output = `${other.text}:0;\r\n${marker.text.slice(0, 7)}`
  expect(await seen(marker, [output, `\r\n${marker.text}\r\n`])).toMatchObject({
    before: `${output}\r\n`,
    number: undefined,
    lineEnd: '\r\n',
  })
})
