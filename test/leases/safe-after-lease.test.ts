import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

import { ShellDriver } from '../../src/drivers/index.ts'
import { call, connect, defineInterface, Driver, type Implementation } from '../../src/index.ts'
import { DirectExporter, type DirectExporterOptions } from '../../src/leases/direct-exporter.ts'
import { parseAddress } from '../../src/protocol/address.ts'
import { takeLease } from '../../src/protocol/grpc/take-lease.ts'
import { defineExporter } from '../../src/runtime/define-exporter.ts'
import { openSession } from '../../src/runtime/open-session.ts'

const secure = { insecure: true, passphrase: 'secret' }
const patient = { timeout: 10_000 }

const Relay = defineInterface({
  client: 'test.RelayClient',
  methods: { on: call<() => void>(), off: call<() => void>(), press: call<() => void>() },
  safe: 'off',
})

/** A relay that notes its calls. */
class NotedRelay extends Driver implements Implementation<typeof Relay> {
  static readonly interface = Relay
  readonly calls: string[] = []
  isStuck = false

  on() {
    this.calls.push('on')
  }

  off() {
    this.calls.push('off')
    if (this.isStuck) throw new Error('the relay is stuck')
  }

  /** Never ends by itself. */
  async press() {
    this.calls.push('press')
    await new Promise<void>(() => undefined)
  }
}

/** An exporter as `vitest-hardware run --listen` serves it. */
async function listen(givesLeases = true) {
  const relay = new NotedRelay()
  const shell = new ShellDriver({ methods: { off: 'true', fail: 'exit 3' } })
  const lines: string[] = []
  const session = await openSession(
    { ...defineExporter({ name: 'bench', export: () => ({ relay, shell }) }), warnings: [] },
    {
      address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      security: { passphrase: secure.passphrase },
      givesLeases,
      silenceMs: 1_000,
      logLevel: 'error',
      print: (line) => lines.push(line),
    },
  )
  onTestFinished(() => session.close())
  return { relay, lines, address: session.address }
}

/** A run that knows the exporter at an address. */
async function join(address: string, options: Partial<DirectExporterOptions> = {}) {
  const exporter = await DirectExporter.connect({
    name: 'lab',
    endpoint: { address, name: 'lab', ...secure },
    ...options,
  })
  onTestFinished(() => exporter.close().catch(() => undefined))
  const lease = async () => {
    await exporter.reserve()
    const leased = await exporter.lease()
    const connection = await connect(leased.endpoint.address, leased.endpoint)
    onTestFinished(() => connection.close())
    return { ...leased, relay: connection.root.children['relay']! }
  }
  return { exporter, lease }
}

test('the exporter makes its devices safe when a client leaves, before the next one has them', async () => {
  const { relay, address } = await listen()
  const [first, second] = [await join(address), await join(address)]
  const lease = await first.lease()
  await lease.relay.call('on')
  const next = second.lease().then(async (leased) => {
    relay.calls.push('second')
    await leased.release()
  })
  await delay(50)
  expect(relay.calls).toEqual(['on'])
  await lease.release()
  expect(relay.calls.slice(0, 2), 'safe when the release has ended').toEqual(['on', 'off'])
  await next
  expect(relay.calls).toEqual(['on', 'off', 'second', 'off'])
})

test('a call of the client that is still under way ends first, also in the driver, and with the reason', async () => {
  const { relay, address } = await listen()
  const lease = await (await join(address)).lease()
  const pressing = lease.relay.call('press')
  pressing.catch(() => undefined)
  await expect.poll(() => relay.calls).toEqual(['press'])
  await lease.release()
  await expect(pressing).rejects.toMatchObject({ code: 'LEASE_LOST', message: expect.stringContaining('is over') })
  expect(relay.calls).toEqual(['press', 'off'])
})

test('a device that cannot be made safe is an error of the release, and in the log', async () => {
  const { relay, lines, address } = await listen()
  const { lease } = await join(address)
  relay.isStuck = true
  const leased = await lease()
  await expect(leased.release()).rejects.toMatchObject({
    code: 'CLEANUP_FAILED',
    message: expect.stringMatching(/may not be safe: relay\.off, which makes it safe to leave it, failed: .*is stuck/),
  })
  expect(lines.join('\n')).toContain('the relay is stuck')
  relay.isStuck = false
  await (await lease()).release()
})

test('so it does when the process of the client is killed', async () => {
  const { relay, address } = await listen()
  const child = fork(fileURLToPath(new URL('take-lease.ts', import.meta.url)), [address])
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  expect(relay.calls).toEqual([])
  child.kill('SIGKILL')
  await expect.poll(() => relay.calls, patient).toEqual(['off'])
})

test('so it does when the client is cut off, and the client learns that', async () => {
  const { relay, address } = await listen()
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const other = connectSocket(Number(address.split(':')[1]), '127.0.0.1')
    sockets.push(
      socket.on('error', () => undefined),
      other.on('error', () => undefined),
    )
    socket.pipe(other).pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const through = server.address()
  if (through === null || typeof through === 'string') throw new Error('the server does not listen')
  const { lost, relay: client } = await (await join(`127.0.0.1:${through.port}`)).lease()
  await client.call('on')
  for (const socket of sockets) socket.destroy()
  await expect.poll(() => relay.calls, patient).toEqual(['on', 'off'])
  await expect.poll(() => lost.reason, patient).toMatchObject({ code: 'CONNECTION_LOST' })
})

test('so it does when the client goes silent', async () => {
  const { relay, address } = await listen()
  // The first sign of life comes later than this exporter waits.
  const lease = await takeLease(parseAddress(address), {
    endpoint: secure,
    client: { command: 'test' },
    waiting: () => undefined,
  })
  await expect.poll(() => relay.calls, patient).toEqual(['off'])
  await expect
    .poll(() => lease?.lost.reason, patient)
    .toMatchObject({ message: expect.stringContaining('no sign of life within 1000 ms') })
})

test('devices of a client without a lease are let alone', async () => {
  const { relay, address } = await listen()
  const connection = await connect(address, secure)
  await connection.root.children['relay']?.call('on')
  connection.close()
  await delay(100)
  expect(relay.calls).toEqual(['on'])
})

test("an exporter that gives no leases, as Python's, gets the calls of the options at the end of each lease", async () => {
  const { relay, address } = await listen(false)
  const safe = ['relay.off', { call: 'shell.call_method', args: ['off'] }]
  const { lease } = await join(address, { safe })
  for (let file = 1; file <= 2; file++) {
    const leased = await lease()
    await leased.relay.call('on')
    await leased.release()
  }
  expect(relay.calls).toEqual(['on', 'off', 'on', 'off'])
})

test('all of them are made, and their failures are an error of the release', async () => {
  const { relay, address } = await listen(false)
  const safe = [{ call: 'shell.callMethod', args: ['fail'] }, 'relay.of', 'relay.off']
  const leased = await (await join(address, { safe })).lease()
  await expect(leased.release()).rejects.toMatchObject({
    code: 'CLEANUP_FAILED',
    message: expect.stringMatching(/^lab may not be safe: shell.*exit code 3; relay\.of: /),
  })
  expect(relay.calls).toEqual(['off'])
})

test('calls of drivers that the exporter does not have are mistakes of the options', async () => {
  const { address } = await listen(false)
  await expect(join(address, { safe: ['power.off', 'relay.off', 'relay.contact.off'] })).rejects.toMatchObject({
    code: 'PLUGIN_OPTIONS_INVALID',
    message:
      "Exporter lab has other drivers than its options name: safe[0] is power.off: there is no driver 'power'; there are relay, shell; " +
      "safe[2] is relay.contact.off: there is no driver 'contact'; there are none",
  })
})

test('an exporter that makes its devices safe itself gets the calls of the options before', async () => {
  const { relay, address } = await listen()
  const leased = await (await join(address, { safe: ['relay.on'] })).lease()
  await leased.release()
  expect(relay.calls).toEqual(['on', 'off'])
})
