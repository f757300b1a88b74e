import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { connect } from '../../src/index.ts'
import type { NetworkClient } from '../../src/clients/index.ts'
import { EchoNetwork, MockPower } from '../../src/drivers/index.ts'
import { openSession } from '../../src/runtime/open-session.ts'
import { exporterWindowBytes } from '../../src/runtime/service/http2-limits.ts'
import { defineExporter } from '../../src/runtime/define-exporter.ts'

test('an exporter opens larger windows than HTTP/2’s default', async () => {
  const exporter = defineExporter({ name: 'desk', export: () => ({ power: new MockPower() }) })
  await using session = await openSession({ ...exporter, warnings: [] })
  const client = connectHttp2('http://localhost', { createConnection: () => connectSocket(session.address) })
  const [settings] = (await once(client, 'remoteSettings')) as [{ initialWindowSize: number }]
  expect(settings.initialWindowSize).toBe(exporterWindowBytes)
  await expect.poll(() => client.state.remoteWindowSize).toBe(exporterWindowBytes)
  client.destroy()
})

/** Frames of HTTP/2 begin with their length in three bytes, and their type (RFC 9113, section 4.1); clients begin with a preface. */
const prefaceLength = 24
const headerLength = 9
const resetStream = 3

/** Counts the streams that a client resets, on a socket that leads to another one. */
async function countResets(to: string) {
  const folder = await createPrivateFolder()
  const path = join(folder.path, 'counted.sock')
  let resets = 0
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const exporter = connectSocket(to)
    for (const socket of [client, exporter]) sockets.add(socket.on('error', () => undefined))
    let skip = prefaceLength
    let rest = Buffer.alloc(0)
    client.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= skip + headerLength) {
        if (rest[skip + 3] === resetStream) resets++
        const length = headerLength + rest.readUIntBE(skip, 3)
        rest = rest.subarray(skip)
        skip = length
      }
    })
    client.pipe(exporter).pipe(client)
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    path,
    resets: () => resets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await folder.remove()
    },
  }
}

test('a byte stream that has ended on both sides is not reset, and one that is destroyed is', async () => {
  const exporter = defineExporter({ name: 'desk', export: () => ({ echo: new EchoNetwork() }) })
  await using session = await openSession({ ...exporter, warnings: [] })
  await using counted = await countResets(session.address)
  const connection = await connect(counted.path)
  const echo = connection.root.children['echo'] as NetworkClient
  for (let time = 0; time < 5; time++) {
    const stream = await echo.connect()
    stream.end('x')
    expect((await stream.toArray()).join('')).toBe('x')
  }
  // A call later, everything that the streams had to send has been counted.
  await connection.channel.state()
  expect(counted.resets()).toBe(0)
  const stream = await echo.connect()
  stream.destroy()
  await expect.poll(counted.resets).toBe(1)
  connection.close()
})
