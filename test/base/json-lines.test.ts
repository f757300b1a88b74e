import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { readMessages, writeMessage } from '../../src/base/json-lines.ts'

const server = createServer()
let port: number
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as { port: number }).port
})
afterAll(() => void server.close())

async function pair(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const far = connect(port, '127.0.0.1')
    .setNoDelay()
    .on('error', () => undefined)
  const [near] = await accepted
  return { near, far }
}

/** @returns what is received until the connection ends, and the error that it ended with */
async function receive(send: (far: Socket) => void) {
  const { near, far } = await pair()
  const messages: unknown[] = []
  let error: string | undefined
  near.on('error', ({ message }) => (error = message))
  readMessages(near, (message) => messages.push(message))
  const closed = new Promise((resolve) => near.once('close', resolve))
  send(far)
  await closed
  return { messages, error }
}

test('messages arrive as they were sent, in any pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), { maxLength: 5 }),
      fc.integer({ min: 1, max: 7 }),
      async (sent, size) => {
        const expected = sent.map((message) => JSON.parse(JSON.stringify(message)) as unknown)
        const bytes = Buffer.from(sent.map((message) => `${JSON.stringify(message)}\n`).join(''))
        const { messages, error } = await receive((far) => {
          for (let from = 0; from < bytes.length; from += size) far.write(bytes.subarray(from, from + size))
          far.end()
        })
        expect({ messages, error }).toEqual({ messages: expected, error: undefined })
      },
    ),
    { numRuns: 30 },
  )
  const written = await receive((far) => {
    writeMessage(far, { a: '\r\n☂' })
    far.end()
  })
  expect(written).toEqual({ messages: [{ a: '\r\n☂' }], error: undefined })
})

test.each<[string, string, RegExp]>([
  ['no JSON', 'GET / HTTP/1.1\n{"a":1}\n', /JSON/],
  ['no object', 'null\n{"a":1}\n', /no object/],
  ['a list', '[1]\n', /no object/],
  ['half a message', '{"a":', /JSON/],
  ['a line of 2 MiB without an end', 'x'.repeat(2 * 1024 * 1024), /too long/],
  ['a number of 2 MiB', '1'.repeat(2 * 1024 * 1024), /too long/],
])('a peer that sends %s is disconnected', async (_what, text, message) => {
  const { messages, error } = await receive((far) => far.end(text))
  expect(messages).toEqual([])
  expect(error).toMatch(message)
})
