import { userInfo } from 'node:os'
import { once } from 'node:events'
import { execa } from 'execa'
import { beforeEach, expect, test } from 'vitest'

import { DbusNetworkClient } from '../../src/clients/drivers/dbus-network-client.ts'
import { describeNetwork } from '../../src/conformance/index.ts'
import { DbusNetwork, UnixNetwork } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { missingCommand, needsCommand } from '../support/system-part.ts'
import { startBus } from './support/dbus-daemon.ts'

beforeEach(({ skip }) => needsCommand('dbus-daemon', skip))

const createNetwork = (address: string) => new DbusNetwork({ kind: 'session' }, { DBUS_SESSION_BUS_ADDRESS: address })
const open = (address: string) => serve(createNetwork(address), { client: DbusNetworkClient })

describeNetwork(
  'DbusNetwork',
  async () => {
    const bus = await startBus()
    return { ...bus, driver: createNetwork(bus.address) }
  },
  {
    against: 'dbus-daemon',
    skip: missingCommand('dbus-daemon'),
    lacks: { echo: 'a bus does not send back what it gets', address: 'a bus has no address elsewhere' },
  },
)

/** Asks the bus for the names of all that are connected to it, with D-Bus's own client. */
async function listNames(path: string): Promise<string> {
  const call = ['--print-reply', '--dest=org.freedesktop.DBus', '/', 'org.freedesktop.DBus.ListNames']
  const { stdout } = await execa('dbus-send', [`--bus=unix:path=${path}`, ...call], { timeout: 20_000 })
  return stdout
}

test('a program calls the bus through the stream', async () => {
  await using bus = await startBus()
  await using network = await open(bus.address)
  expect(network.kind).toBe('session')
  await using local = await network.forwardUnix()
  expect(await listNames(local.path)).toContain('string "org.freedesktop.DBus"')
  // Several clients at once are several connections.
  const answers = await Promise.all(Array.from({ length: 3 }, () => listNames(local.path)))
  expect(answers.every((answer) => /string ":1\.\d+"/.test(answer))).toBe(true)
  await expect(network.address()).rejects.toMatchObject({ code: 'METHOD_NOT_FOUND' })
})

test('the bus takes the client for the user of the exporter', async () => {
  await using bus = await startBus()
  await using network = await open(bus.address)
  // The user's number as hexadecimal text (D-Bus Specification, "EXTERNAL").
  const hex = Buffer.from(String(userInfo().uid)).toString('hex')
  await using stream = await network.connect()
  stream.write(`\0AUTH EXTERNAL ${hex}\r\n`)
  expect(String((await once(stream, 'data'))[0])).toMatch(/^OK [\da-f]{32}\r\n$/)
  await using stranger = await network.connect()
  stranger.write(`\0AUTH EXTERNAL ${Buffer.from('4711').toString('hex')}\r\n`)
  expect(String((await once(stranger, 'data'))[0])).toMatch(/^REJECTED/)
})

test('a bus that is not there is named in the error', async () => {
  const address = 'unix:path=/nonexistent'
  await using network = await open(address)
  await expect(network.connect()).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: expect.stringContaining(`The session bus does not answer at ${address}`),
  })
})

test('the first address that answers is used', async () => {
  await using bus = await startBus()
  await using network = await open(`unix:path=/nonexistent;${bus.address}`)
  await using local = await network.forwardUnix()
  expect(await listNames(local.path)).toContain('org.freedesktop.DBus')
})

test('another driver for the socket works, too', async () => {
  await using bus = await startBus()
  await using network = await serve(new UnixNetwork({ path: bus.address.replace('unix:path=', '') }), {
    client: DbusNetworkClient,
  })
  await using local = await network.forwardUnix()
  expect(await listNames(local.path)).toContain('org.freedesktop.DBus')
})
