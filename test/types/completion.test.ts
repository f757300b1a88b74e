import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

interface Message {
  readonly id?: number
  readonly method?: string
  readonly result?: unknown
}

/** TypeScript's own language server, as an editor starts it. */
function startLanguageServer() {
  const server = spawn(process.execPath, [`${root}node_modules/typescript/lib/tsc.js`, '--lsp', '--stdio'], {
    cwd: root,
  })
  const waiting = new Map<number, (result: unknown) => void>()
  let buffer = Buffer.alloc(0)
  server.stdout.on('data', (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk])
    for (;;) {
      const head = buffer.indexOf('\r\n\r\n')
      const length = Number(/Content-Length: (\d+)/.exec(buffer.subarray(0, head).toString())?.[1])
      if (head < 0 || buffer.length < head + 4 + length) return
      const message = JSON.parse(buffer.subarray(head + 4, head + 4 + length).toString()) as Message
      buffer = buffer.subarray(head + 4 + length)
      if (message.id === undefined) continue
      // The server asks things of its own, such as to register capabilities; an editor says yes.
      if (message.method === undefined) waiting.get(message.id)?.(message.result)
      else send({ id: message.id, result: null })
    }
  })
  createInterface(server.stderr).on('line', () => undefined)
  let id = 0
  const send = (message: object) => {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    server.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }
  return {
    notify: (method: string, params: object) => send({ method, params }),
    request: (method: string, params: object) => {
      const { promise, resolve } = Promise.withResolvers<unknown>()
      waiting.set(++id, resolve)
      send({ id, method, params })
      return promise
    },
    [Symbol.dispose]: () => void server.kill(),
  }
}

test('an editor completes the roles, drivers, methods and states of a test', { timeout: 60_000 }, async () => {
  using server = startLanguageServer()
  const uri = `file://${root}test/types/completion-sample.ts`
  const lines = [
    "import { defineBoard, needs } from '../../src/index.ts'",
    "import { PowerClient, SerialClient } from '../../src/clients/index.ts'",
    'const test = needs({ dut: { drivers: { power: PowerClient, console: SerialClient } } })',
    "test('x', async ({ dut }) => {",
    '  dut.',
    '  ;dut.power.',
    '})',
    'const board = defineBoard({ drivers: { power: PowerClient }, states: { off: { check: () => true }, on: { check: () => true } }, edges: [] })',
    "needs({ dut: { board, state: '|' } })",
    "needs({ dut: { board } })('x', async ({ dut }) => { await dut.states.to('|') })",
  ]
  await server.request('initialize', { processId: process.pid, rootUri: `file://${root}`, capabilities: {} })
  server.notify('initialized', {})
  server.notify('textDocument/didOpen', {
    textDocument: { uri, languageId: 'typescript', version: 1, text: lines.join('\n').replaceAll('|', '') },
  })
  const complete = async (line: number) => {
    const text = lines[line] ?? ''
    const position = { line, character: text.includes('|') ? text.indexOf('|') : text.length }
    const result = await server.request('textDocument/completion', { textDocument: { uri }, position })
    const items = (Array.isArray(result) ? result : ((result as { items?: unknown[] } | null)?.items ?? [])) as {
      label: string
    }[]
    return items.map(({ label }) => label)
  }
  expect((await complete(4)).toSorted()).toEqual(['console', 'power'])
  expect(await complete(5)).toEqual(expect.arrayContaining(['on', 'off', 'cycle', 'read']))
  expect((await complete(8)).toSorted()).toEqual(['off', 'on'])
  expect((await complete(9)).toSorted()).toEqual(['off', 'on'])
})
