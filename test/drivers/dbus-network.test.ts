import { describe, expect, test } from 'vitest'

import { DbusNetwork } from '../../src/drivers/index.ts'
import { parseBusAddresses } from '../../src/drivers/network/bus-address.ts'

describe('the address of a bus', () => {
  test.each([
    ['unix:path=/run/dbus/system_bus_socket', [{ path: '/run/dbus/system_bus_socket' }]],
    ['unix:path=/tmp/a%20b%2c%3b,guid=0123', [{ path: '/tmp/a b,;' }]],
    ['unix:abstract=/tmp/dbus-x', [{ path: '\0/tmp/dbus-x' }]],
    ['tcp:host=127.0.0.1,port=4000,family=ipv4', [{ host: '127.0.0.1', port: 4000 }]],
    ['unix:path=/a;unix:path=/b;', [{ path: '/a' }, { path: '/b' }]],
  ])('%s', (text, sockets) => {
    expect(parseBusAddresses(text)).toMatchObject(sockets.map((socket) => ({ socket })))
  })

  test.each([
    [';', 'has no address'],
    ['/run/bus', 'has no transport, such as unix:'],
    ['unix:path', "has 'path', which is no key=value"],
    ['unix:path=%zz', "has 'path=%zz', which is no key=value"],
    ['unix:runtime=yes', "has no 'path' and no 'abstract'"],
    ['tcp:host=a,port=0', "needs 'host', and 'port' from 1 to 65535"],
    ['unix:path=/a;autolaunch:', "has the transport 'autolaunch'; this driver can use unix and tcp"],
  ])('%s is a mistake', (text, mistake) => {
    expect(parseBusAddresses(text)).toBe(mistake)
  })
})

test('the kind and the address of the environment are checked when the exporter starts', () => {
  const kind = 'user' as 'session'
  expect(() => new DbusNetwork({ kind })).toThrow('kind is "user"; it has to be system or session')
  expect(() => new DbusNetwork({ kind: 'session' }, { DBUS_SESSION_BUS_ADDRESS: 'launchd:env=X' })).toThrow(
    "kind is session, and DBUS_SESSION_BUS_ADDRESS in the exporter's environment is 'launchd:env=X', which has the transport",
  )
  expect(new DbusNetwork({ kind: 'system' }, {}).labels).toEqual({ 'jumpstarter.dev/dbusnetwork/kind': 'system' })
})

test('check() tells whether the bus answers', async () => {
  expect(await DbusNetwork.check({ kind: 'system' }, {})).toMatchObject([{ name: 'the system bus' }])
})
