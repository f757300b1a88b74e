import { fork } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test, vi } from 'vitest'

import { Client, credentials } from '@grpc/grpc-js'

import { SerialClient } from '../../src/clients/index.ts'
import { MockPower, PySerial } from '../../src/drivers/index.ts'
import { connect } from '../../src/index.ts'
import { DirectExporter } from '../../src/leases/direct-exporter.ts'
import type { LeaseEvent } from '../../src/leases/lease-event.ts'
import type { ExporterUser } from '../../src/leases/lease.ts'
import { exporterMetadata } from '../../src/protocol/grpc/grpc-security.ts'
import { leaseService } from '../../src/protocol/lease-service.ts'
import { defineExporter } from '../../src/runtime/define-exporter.ts'
import { openSession } from '../../src/runtime/open-session.ts'

const secure = { insecure: true, passphrase: 'secret' }

/** An exporter as `vitest-hardware run --listen` serves it. */
async function listen(givesLeases = true) {
  const drivers = () => ({ power: new MockPower(), console: new PySerial({ url: 'loop://' }) })
  const session = await openSession(
    { ...defineExporter({ name: 'bench', export: drivers }), warnings: [] },
    {
      address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      security: { passphrase: secure.passphrase },
      givesLeases,
    },
  )
  onTestFinished(() => session.close())
  return session.address
}

/** A run that knows the exporter as `lab`. */
async function join(address: string) {
  const events: LeaseEvent[] = []
  const exporter = await DirectExporter.connect({
    name: 'lab',
    endpoint: { address, ...secure },
    shared: true,
    emit: (event) => events.push(event),
  })
  onTestFinished(() => exporter.close())
  const waits: ExporterUser[] = []
  return {
    exporter,
    events,
    waits,
    reserve: (file?: string, signal?: AbortSignal) =>
      exporter.reserve({
        file,
        signal,
        waiting: (wait) => wait.type === 'process' && waits.push(wait.process),
      }),
    /** A connection of a worker of the run. */
    connect: async () => {
      const { endpoint } = await exporter.lease()
      const connection = await connect(endpoint.address, endpoint)
      onTestFinished(() => connection.close())
      return connection
    },
  }
}

const power = ({ root }: Awaited<ReturnType<typeof connect>>) => root.children['power']!

describe('an exporter of this package that listens', () => {
  test('is leased by one run at a time; others wait, and are told who has it', async () => {
    const address = await listen()
    const [first, second, third] = [await join(address), await join(address), await join(address)]
    await first.reserve('/a.test.ts')
    const done: string[] = []
    const later = second.reserve('/b.test.ts').then(() => done.push('second'))
    await expect
      .poll(() => second.waits)
      .toEqual([
        {
          pid: process.pid,
          host: hostname(),
          command: expect.any(String),
          file: '/a.test.ts',
          since: expect.any(Number),
        },
      ])
    const last = third.reserve().then(() => done.push('third'))
    await expect.poll(() => third.waits.length).toBe(1)
    expect(done).toEqual([])
    await first.exporter.free()
    await later
    await expect.poll(() => third.waits.map(({ file }) => file)).toEqual(['/a.test.ts', '/b.test.ts'])
    expect(done).toEqual(['second'])
    await second.exporter.free()
    await last
    expect([first, second, third].flatMap(({ events }) => events)).toEqual([])
  })

  test('lets all connections and consoles of the run that has it use the drivers, and no others', async () => {
    const address = await listen()
    const run = await join(address)
    await run.reserve()
    const workers = [await run.connect(), await run.connect()] as const
    const consoles = workers.map(({ root }) => root.children['console'] as SerialClient)
    await Promise.all(consoles.map((client) => client.attach()))
    for (const client of consoles) {
      await client.sendLine('hello')
      await client.expect('hello', { timeoutMs: 5_000 })
    }
    await power(workers[1]).call('on')

    // A client that takes no lease, such as Python's, connects, and is told why it cannot go on.
    const other = await connect(address, secure)
    await expect(power(other).call('off')).rejects.toMatchObject({
      code: 'NOT_READY',
      origin: 'lab',
      message: expect.stringMatching(
        /^power\.off: Exporter not ready for driver calls: it is leased by .* \(process \d+ on /,
      ),
    })
    await run.exporter.free()
    await expect
      .poll(() =>
        power(other)
          .call('off')
          .then(() => 'done'),
      )
      .toBe('done')
    other.close()
    await expect(power(workers[0]).call('on'), 'of a lease that is over').rejects.toMatchObject({
      code: 'NOT_READY',
      message: expect.stringContaining('the lease of this client is over'),
    })
  })

  test('is not taken from a client without a lease in the middle of its calls', async () => {
    const address = await listen()
    const other = await connect(address, secure)
    const console = other.root.children['console'] as SerialClient
    await console.attach()
    const run = await join(address)
    const reserved = run.reserve()
    await expect
      .poll(() => run.waits)
      .toMatchObject([{ command: 'a client without a lease', host: expect.stringContaining('127.0.0.1') }])
    other.close()
    await reserved
  })

  test('is free when the process of the run is killed', async () => {
    const address = await listen()
    const child = fork(fileURLToPath(new URL('take-lease.ts', import.meta.url)), [address])
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child, 'message')
    const run = await join(address)
    const reserved = run.reserve()
    await expect.poll(() => run.waits).toMatchObject([{ pid: child.pid }])
    child.kill('SIGKILL')
    await reserved
  })

  test('is free for the next file of a run at once', async () => {
    const run = await join(await listen())
    for (let file = 1; file <= 20; file++) {
      await run.reserve()
      await run.exporter.free()
    }
    expect(run.waits).toEqual([])
  })

  test('is free when a wait ends', async () => {
    const address = await listen()
    const [first, second, third] = [await join(address), await join(address), await join(address)]
    await first.reserve()
    const giveUp = new AbortController()
    const reserved = second.reserve(undefined, giveUp.signal)
    await expect.poll(() => second.waits.length).toBe(1)
    giveUp.abort(new Error('the file has ended'))
    await expect(reserved).rejects.toThrow('the file has ended')
    await first.exporter.free()
    await third.reserve()
  })

  test('tells the run that has it when it ends', async () => {
    const session = await openSession(
      { ...defineExporter({ name: 'bench', export: () => ({}) }), warnings: [] },
      { givesLeases: true },
    )
    const exporter = await DirectExporter.connect({ name: 'lab', endpoint: { address: session.address } })
    await exporter.reserve()
    const { lost } = await exporter.lease()
    await session.close()
    await expect
      .poll(() => lost.reason)
      .toMatchObject({ code: 'CONNECTION_LOST', message: expect.stringMatching(/^the lease: lost the connection/) })
  })
})

test('is leased without a proxy, as it is called', async () => {
  vi.stubEnv('http_proxy', 'http://127.0.0.1:1')
  onTestFinished(() => void vi.unstubAllEnvs())
  const run = await join(await listen())
  await run.reserve()
  await power(await run.connect()).call('on')
})

test('messages that name no client are refused, and what a client says of itself is cut', async () => {
  const address = await listen()
  const metadata = exporterMetadata(secure)
  const client = new Client(address, credentials.createInsecure())
  onTestFinished(() => client.close())
  const { path, requestSerialize, responseDeserialize } = leaseService.take
  const take = (message: unknown) => {
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata)
    const ended = new Promise((resolve) => call.on('error', resolve).on('data', resolve))
    call.write(message)
    return ended
  }
  for (const message of [7, {}, { type: 'beat' }, { type: 'take' }, { type: 'take', client: { command: 3 } }]) {
    expect(await take(message)).toMatchObject({ details: 'the first message has to name the client' })
  }
  const command = `${'x'.repeat(299)}\u{1F600}`
  expect(await take({ type: 'take', client: { command, host: '\uD800', pid: 'no', since: 1e300 } })).toMatchObject({
    type: 'granted',
  })
  const run = await join(address)
  const giveUp = new AbortController()
  const reserved = run.reserve(undefined, giveUp.signal)
  await expect.poll(() => run.waits).toMatchObject([{ command: `${'x'.repeat(299)}…`, host: '\uFFFD', pid: undefined }])
  giveUp.abort(new Error('enough'))
  await expect(reserved).rejects.toThrow('enough')
})

test("an exporter that gives no leases, as Python's, is used with a warning, once", async () => {
  const run = await join(await listen(false))
  await run.reserve()
  await power(await run.connect()).call('on')
  await run.exporter.free()
  await run.reserve()
  expect(run.events).toEqual([
    {
      type: 'exporterWarning',
      exporter: 'lab',
      message:
        'it gives no leases, as exporters of Python, so other runs can use it at the same time. ' +
        'Tests leave its board as it is: list the calls that make it safe as `safe` in its options',
    },
  ])
})
