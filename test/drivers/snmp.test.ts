import { expect, test } from 'vitest'

import { SnmpOutlet, type SnmpOutletConfig, SNMPServer, type SNMPServerConfig } from '../../src/drivers/index.ts'
import { oidsOf, snmpModels } from '../../src/drivers/snmp/models.ts'

const serverMistakes = (config: object) => () => new SNMPServer(config as SNMPServerConfig)
const outletMistakes = (config: object) => () => new SnmpOutlet(config as SnmpOutletConfig)

test('all mistakes of a config of SNMPServer are named at once, and no secret', () => {
  const config = { port: 0, oid: 'sysDescr', plug: -1, auth_protocol: 'sha', priv_protocol: 'AES', priv_key: 4711 }
  expect(serverMistakes({ ...config, community: 'private', timeout: 0 })).toThrow(
    new TypeError(
      [
        'host is missing; it has to be a text',
        'port is 0; it has to be a number from 1 to 65535',
        'user is missing; it has to be a text',
        'auth_protocol is "sha"; it has to be NONE or MD5 or SHA or SHA256 or SHA512',
        'priv_key is missing, or is no text; a number has to be in quotes',
        'timeout is 0; it has to be a number of seconds above 0',
        'plug is -1; it has to be a whole number, 0 or above',
        'oid is "sysDescr"; it has to be an OID in numbers, such as 1.3.6.1.4.1.318.1.1.12.3.3.1.1.4',
        'community is an unknown key; known keys: host, port, user, auth_protocol, auth_key, priv_protocol, priv_key, timeout, plug, oid',
        'auth_key is missing; auth_protocol needs it',
      ].join('; '),
    ),
  )
  const right = { host: 'a', user: 'b', plug: 0 }
  expect(serverMistakes({ ...right, priv_protocol: 'DES' })).toThrow(
    'priv_key is missing; priv_protocol needs it; auth_protocol is missing; priv_protocol needs it',
  )
  expect(serverMistakes({ ...right, auth_protocol: 'NONE', auth_key: null, priv_protocol: null })).not.toThrow()
})

test('all mistakes of a config of SnmpOutlet are named at once', () => {
  const choice = 'needs either model and outlet, or on and off with their OIDs'
  expect(
    outletMistakes({ host: 'a', version: '2', on: { oid: '1.3.x' }, current: { oid: '1.3', divisor: 0 } }),
  ).toThrow(
    new TypeError(
      [
        'version is "2"; it has to be 1, 2c or 3',
        'on.oid is "1.3.x"; it has to be an OID in numbers, such as 1.3.6.1.4.1.318.1.1.12.3.3.1.1.4',
        'on.value is missing; it has to be a whole number',
        'current.divisor is 0; it has to be a whole number above 0',
        choice,
      ].join('; '),
    ),
  )
  expect(outletMistakes({ host: 'a', version: '3', model: 'apc-rpdu', outlet: '1.' })).toThrow(
    /^outlet is "1."; it has to be a number, or numbers with dots .*; user is missing; version 3 needs it$/,
  )
  expect(outletMistakes({ host: 'a', model: 'apc', outlet: 1 })).toThrow(/^model is "apc"; it has to be apc-rpdu or /)
  const write = { oid: '1.3', value: 1 }
  expect(outletMistakes({ host: 'a', model: 'poe', outlet: '1.8', on: write })).toThrow(choice)
  expect(outletMistakes({ host: 'a', outlet: 1, on: write, off: write })).toThrow(choice)
  expect(outletMistakes({ host: 'a', model: null, on: write, off: write, voltage: null })).not.toThrow()
  expect(outletMistakes({ host: 'a', model: 'sentry4', outlet: '1.1.4', version: 3, user: 'b' })).not.toThrow()
})

test('every model has an OID for on and for off, with the outlet at the end', () => {
  for (const model of snmpModels) {
    const { on, off } = oidsOf(model, '1.2')
    expect([on.oid, off.oid]).toEqual([
      expect.stringMatching(/^1\.3\.6\.1(?:\.\d+)+\.1\.2$/),
      expect.stringMatching(/^1\.3\.6\.1(?:\.\d+)+\.1\.2$/),
    ])
    expect(on).not.toEqual(off)
  }
})
