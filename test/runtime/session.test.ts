import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { expect, test } from 'vitest'

import { Driver } from '../../src/index.ts'
import { Composite } from '../../src/interfaces/index.ts'
import { callSignal } from '../../src/runtime/call.ts'
import { CompositeDriver } from '../../src/runtime/composite-driver.ts'
import { Session } from '../../src/runtime/session.ts'
import { openSession } from '../support/session.ts'
import { MockThermostat } from '../support/thermostat.ts'

test('the gate refuses calls, records and streams until the session is ready', async () => {
  await using open = await openSession(new MockThermostat())
  const refused = { code: 'NOT_READY', origin: 'lab', message: expect.stringContaining('(status: AVAILABLE)') }
  await expect(open.root.call('query', 'x')).rejects.toMatchObject(refused)
  await expect(open.root.streamingCall('readings').next()).rejects.toMatchObject(refused)
  await expect(open.root.stream('console')).rejects.toMatchObject(refused)
  await open.session.start()
  expect(await open.root.call('query', 'x')).toBe('Response for x')
})

test('the state counts its changes', async () => {
  await using open = await openSession(new MockThermostat())
  expect(await open.channel.state()).toEqual({
    status: 'AVAILABLE',
    message: undefined,
    version: 0,
    previous: undefined,
  })
  await open.session.start()
  open.session.setStatus('AFTER_LEASE_HOOK', 'cleaning')
  expect(await open.channel.state()).toEqual({
    status: 'AFTER_LEASE_HOOK',
    message: 'cleaning',
    version: 2,
    previous: 'LEASE_READY',
  })
})

test('every log reader sees every line, from the first that is kept', async () => {
  const driver = new MockThermostat()
  await using open = await openSession(driver)
  await open.session.start()
  driver.logger.warning('early')
  const readers = [open.channel.logs(), open.channel.logs()]
  const first = await Promise.all(readers.map((reader) => reader.next()))
  driver.logger.error('late')
  const second = await Promise.all(readers.map((reader) => reader.next()))
  await Promise.all(readers.map((reader) => reader.return()))
  expect(first.map(({ value }) => value)).toEqual(
    Array(2).fill({ severity: 'WARNING', message: '[driver.MockThermostat] early', source: 'DRIVER', number: 1 }),
  )
  expect(second.map(({ value }) => value?.message)).toEqual(Array(2).fill('[driver.MockThermostat] late'))
})

test('a log reader that falls behind gets the number of lines that it has missed', async () => {
  const driver = new MockThermostat()
  const session = new Session(driver)
  const reader = session.log.read(AbortSignal.timeout(5_000))
  driver.logger.info('0')
  await reader.next()
  for (let n = 1; n <= 300; n++) driver.logger.info(String(n))
  expect((await reader.next()).value).toEqual({
    severity: 'WARNING',
    source: 'SYSTEM',
    message: '44 log lines dropped',
  })
  expect((await reader.next()).value?.message).toBe('[driver.MockThermostat] 45')
})

test('a driver under two parents is reported twice, and each place has a client', async () => {
  const shared = new MockThermostat()
  const root = new CompositeDriver({ a: new CompositeDriver({ t: shared }), b: new CompositeDriver({ t: shared }) })
  await using open = await openSession(root)
  await open.session.start()
  const uuids = open.report.drivers.map(({ uuid }) => uuid)
  expect(uuids.filter((uuid) => uuid === shared.uuid)).toHaveLength(2)
  expect(shared.events).toEqual(['reset'])
  const { a, b } = open.root.children
  expect(a?.children['t']?.node.path).toBe('a.t')
  expect(await b?.children['t']?.call('query', 'b')).toBe('Response for b')
})

test('a tree that cannot be served is refused when the session is made', () => {
  class Nameless extends Driver {}
  expect(() => new Session(new Nameless())).toThrow('Driver class Nameless names no interface')
  class Ring extends Driver {
    static readonly interface = Composite
    override readonly children: Record<string, Driver> = {}
  }
  const ring = new Ring()
  ring.children['self'] = ring
  expect(() => new Session(ring)).toThrow("Driver Ring 'self' contains itself")
})

test('closing goes on past a driver that fails or hangs, and reports both', async () => {
  class Stubborn extends MockThermostat {
    override close() {
      super.close()
      throw new Error('relay stuck')
    }
  }
  class Hanging extends MockThermostat {
    override close(): never {
      return new Promise(() => undefined) as never
    }
  }
  const last = new MockThermostat()
  const root = new CompositeDriver({ last, stubborn: new Stubborn(), hanging: new Hanging() })
  const session = new Session(root, { driverTimeoutMs: 100 })
  await session.start()
  await expect(session.close()).rejects.toMatchObject({
    errors: [
      {
        code: 'CLEANUP_FAILED',
        message: 'close of hanging (Hanging): close of hanging (Hanging) did not end within 100 ms',
        details: { driver: 'hanging', limitMs: 100 },
      },
      {
        code: 'CLEANUP_FAILED',
        message: 'close of stubborn (Stubborn): relay stuck',
        details: { driver: 'stubborn' },
      },
    ],
  })
  expect(last.events).toEqual(['reset', 'close'])
})

test('a reset sees that its time is over, and that the session is given up', async () => {
  const ends: unknown[] = []
  class Waiting extends CompositeDriver {
    override async reset() {
      const signal = callSignal()
      await once(signal, 'abort')
      ends.push(signal.reason)
    }
  }
  const late = new Session(new Waiting({}), { driverTimeoutMs: 100 })
  await expect(late.start()).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
  const givenUp = new AbortController()
  const starting = new Session(new Waiting({})).start(undefined, givenUp.signal)
  const reason = new Error('given up')
  givenUp.abort(reason)
  await expect(starting).rejects.toBe(reason)
  await expect.poll(() => ends).toEqual([expect.objectContaining({ code: 'CALL_TIMEOUT' }), reason])
})

test('sockets are private', async () => {
  await using open = await openSession(new MockThermostat())
  expect((await stat(open.folder.path)).mode & 0o777).toBe(0o700)
  expect((await stat(open.server.address)).mode & 0o777).toBe(0o600)
})

test('a call that is under way when one side ends fails with the reason', async () => {
  await using client = await openSession(new MockThermostat())
  await client.session.start()
  const lost = { code: 'CONNECTION_LOST', origin: 'wire' }
  const call = client.root.call('asyncQuery', 'x')
  const records = client.root.streamingCall('counter', 1)
  await records.next()
  client.close()
  await expect(call).rejects.toMatchObject(lost)
  await expect(Array.fromAsync(records)).rejects.toMatchObject(lost)
  await expect(client.root.call('query', 'x')).rejects.toMatchObject(lost)
  await expect(client.root.stream('console')).rejects.toMatchObject(lost)

  await using exporter = await openSession(new MockThermostat())
  await exporter.session.start()
  const pending = exporter.root.call('asyncQuery', 'x')
  pending.catch(() => undefined)
  await exporter.root.call('query', 'x')
  await exporter.server.close()
  await expect(pending).rejects.toMatchObject(lost)
})
