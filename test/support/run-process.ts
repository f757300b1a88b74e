/**
 * A run without Vitest: a broker with two exporters, and files that need both, one after another. Its arguments are the
 * folder of the exporters' files, the order in which files name the boards, and the number of files.
 */
import { appendFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import { startLocalExporter } from '../../src/leases/local-exporter.ts'
import { readMessages, writeMessage } from '../../src/leases/message-stream.ts'
import { Broker } from '../../src/plugin/broker.ts'
import type { FromBroker } from '../../src/plugin/context.ts'

const [folder = '', order = '', files = '1'] = process.argv.slice(2)
const names = order.split(',')
const print = (line: string) => console.error(line)
const broker = new Broker(
  names.map((name) => ({
    name,
    start: (signal) => startLocalExporter({ name, file: join(folder, `${name}.yaml`), signal, print }),
  })),
  { root: folder, print, note: print, died: print, held: () => undefined },
)
const path = await broker.listen()
await broker.settled
console.log('ready')
await new Promise((resolve) => process.stdin.once('data', resolve))

for (let file = 0; file < Number(files); file++) {
  const socket = connect(path)
  const messages = new Map<string, (message: FromBroker) => void>()
  const next = (type: FromBroker['type']) => new Promise<FromBroker>((resolve) => messages.set(type, resolve))
  readMessages<FromBroker>(socket, (message) => messages.get(message.type)?.(message))
  const roles = Object.fromEntries(names.map((name, index) => [`role${index}`, `board=${name}`]))
  const asked = performance.now()
  writeMessage(socket, { type: 'acquire', file: join(folder, `${order}-${file}.test.ts`), roles })
  const decided = await next('decided')
  const granted = decided.type === 'decided' && Object.values(decided.roles).every((role) => role.granted)
  const log = (event: string) =>
    appendFileSync(
      join(folder, 'turns'),
      `${JSON.stringify({ run: order, event, granted, ms: performance.now() - asked })}\n`,
    )
  log('begin')
  await new Promise((resolve) => setTimeout(resolve, 5))
  log('end')
  writeMessage(socket, { type: 'release' })
  await next('released')
  socket.destroy()
}
await broker.close()
