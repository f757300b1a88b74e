import { once } from 'node:events'
import { PassThrough } from 'node:stream'

import { expect, test } from 'vitest'

import { CompositeDriver } from '../../src/runtime/composite-driver.ts'
import { SessionCalls } from '../../src/runtime/session-calls.ts'
import { Session } from '../../src/runtime/session.ts'
import { MockThermostat } from '../support/thermostat.ts'

/** A session that nothing carries: no server, no socket. */
function open() {
  const thermostat = new MockThermostat()
  const session = new Session(new CompositeDriver({ room: new CompositeDriver({ thermostat }) }))
  const target = (method: string) => ({ uuid: thermostat.uuid, method })
  const { signal } = new AbortController()
  return { thermostat, session, calls: new SessionCalls(session), target, signal }
}

async function openReady() {
  const opened = open()
  await opened.session.start()
  return opened
}

test('calls, records and streams are refused until the session is ready, and the report is not', async () => {
  const { calls, session, target, signal } = open()
  const refused = { code: 'NOT_READY', message: 'Exporter not ready for driver calls (status: AVAILABLE)' }
  await expect(calls.call(target('query'), ['x'], signal)).rejects.toMatchObject(refused)
  await expect(calls.streamingCall(target('counter'), [1], signal).next()).rejects.toMatchObject(refused)
  await expect(calls.openStream(target('console'), signal)).rejects.toMatchObject(refused)
  const openFile = () => expect.unreachable('no stream is opened for a file')
  expect(() => calls.openResource(target('').uuid, null, openFile)).toThrow(refused.message)
  expect(calls.report()).toEqual(session.report())
  expect(calls.state()).toMatchObject({ status: 'AVAILABLE', version: 0 })
  await session.start()
  expect(await calls.call(target('query'), ['x'], signal)).toBe('Response for x')
})

test.each(['BEFORE_LEASE_HOOK', 'LEASE_READY', 'AFTER_LEASE_HOOK'] as const)(
  'in %s drivers can be used',
  async (status) => {
    const { calls, session, target, signal } = open()
    session.setStatus(status)
    expect(await calls.call(target('target'), [], signal)).toBe(20)
  },
)

test.each(['OFFLINE', 'BEFORE_LEASE_HOOK_FAILED', 'AFTER_LEASE_HOOK_FAILED'] as const)(
  'in %s drivers cannot be used',
  async (status) => {
    const { calls, session, target, signal } = open()
    session.setStatus(status)
    await expect(calls.call(target('target'), [], signal)).rejects.toMatchObject({ code: 'NOT_READY' })
  },
)

test('an unknown driver, an unknown method and one of another kind are named, with the driver and the method as facts', async () => {
  const { calls, target, signal } = await openReady()
  const unknown = { uuid: 'd0c5e7f2-0000-4000-8000-000000000000', method: 'query' }
  await expect(calls.call(unknown, [], signal)).rejects.toMatchObject({
    code: 'METHOD_NOT_FOUND',
    message: `driver ${unknown.uuid} not found in this session`,
  })
  await expect(calls.call(target('fly'), [], signal)).rejects.toMatchObject({
    code: 'METHOD_NOT_FOUND',
    details: { driver: 'room.thermostat', method: 'fly' },
  })
  await expect(calls.openStream(target('query'), signal)).rejects.toMatchObject({
    code: 'METHOD_NOT_FOUND',
    message: 'method query missing marker marker_streamcall',
    details: { driver: 'room.thermostat', method: 'query' },
  })
  await expect(calls.call(target('not_there'), [], signal)).rejects.toMatchObject({
    code: 'NOT_IMPLEMENTED',
    details: { driver: 'room.thermostat', method: 'not_there' },
  })
})

test("a driver's own error comes as it is", async () => {
  const { calls, target, signal } = await openReady()
  await expect(calls.call(target('fail'), ['range'], signal)).rejects.toBeInstanceOf(RangeError)
})

test('a call is in the record of the clients until it ends, or its client has gone', async () => {
  const { calls, session, target } = await openReady()
  const names = () => session.activity.describe().calls.map(({ name }) => name)
  const client = new AbortController()
  const call = calls.call(target('async_query'), ['x'], client.signal)
  const records = calls.streamingCall(target('counter'), [1], client.signal)
  expect(await records.next()).toEqual({ done: false, value: 1 })
  expect(names()).toEqual(['room.thermostat.async_query', 'room.thermostat.counter'])
  await records.return()
  expect(names()).toEqual(['room.thermostat.async_query'])
  client.abort()
  expect(names()).toEqual(['room.thermostat.async_query'])
  expect(await call).toBe('Async response for x')
  // The record of a client that has gone stays for a while.
  expect(names()).toEqual(['room.thermostat.async_query'])
})

test('leaving a loop over records ends the generator of the driver', async () => {
  const { calls, target, thermostat, signal } = await openReady()
  for await (const record of calls.streamingCall(target('counter'), [7], signal)) {
    expect(record).toBe(7)
    break
  }
  expect(thermostat.events).toEqual(['reset', 'counter closed'])
})

test("the carrier of a byte stream records the device's output", async () => {
  const { calls, session, target, signal } = await openReady()
  const { stream, output } = await calls.openStream(target('console'), signal)
  stream.on('data', (chunk: Buffer) => output.sent(chunk))
  stream.write('=> boot\n')
  await once(stream, 'data')
  output.end()
  expect(session.activity.describe().consoles).toEqual([{ name: 'room.thermostat', lines: ['=> BOOT'] }])
  stream.destroy()
})

test('a file of a client waits for its driver under its handle', async () => {
  const { calls, session, target, thermostat, signal } = await openReady()
  const file = new PassThrough()
  const handle = calls.openResource(target('').uuid.toUpperCase(), 'gzip', () => file)
  expect(handle).toMatchObject({ kind: 'client_stream', x_jmp_content_encoding: 'gzip' })
  await expect(session.resources.open('another driver', handle, signal)).rejects.toMatchObject({
    code: 'ARGUMENT_INVALID',
  })
  expect(
    await session.resources.open(thermostat.uuid, { ...handle, x_jmp_content_encoding: null }, signal),
  ).toBeDefined()
  file.destroy()
})

test('the log is read from its first line that is kept, and the end of a session is only for a lease of a controller', async () => {
  const { calls, session, target, signal } = await openReady()
  await calls.call(target('set_target'), [21], signal)
  const { value } = await calls.logs(signal).next()
  expect(value).toMatchObject({ message: '[driver.MockThermostat] target 21' })
  expect(calls.endSession()).toBe(false)
  const ended = once(session.events, 'end')
  expect(calls.endSession()).toBe(true)
  await ended
})
