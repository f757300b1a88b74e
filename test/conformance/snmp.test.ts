import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { describePower } from '../../src/conformance/index.ts'
import { SNMPServer, type SNMPServerConfig, SnmpOutlet, type SnmpOutletConfig } from '../../src/drivers/index.ts'
import { SnmpPowerClient } from '../../src/clients/drivers/snmp-power-client.ts'
import { serve } from '../../src/index.ts'
import { makeExporterSafe } from '../../src/runtime/open-session.ts'
import { missingCommand } from '../support/system-part.ts'
import { snmpUsers, startSnmpd } from './support/snmpd.ts'

const apc = '1.3.6.1.4.1.318.1.1.12.3.3.1.1.4'
const raritan = '1.3.6.1.4.1.13742.6.4.1.2.1.2.1'
const eaton = '1.3.6.1.4.1.534.6.6.7.6'

const missing = missingCommand('snmpd')

describe.skipIf(missing !== undefined)('SNMP', () => {
  let unit: Awaited<ReturnType<typeof startSnmpd>>
  beforeAll(async () => {
    unit = await startSnmpd({
      [`${apc}.1`]: 2,
      [`${apc}.4`]: 2,
      [`${raritan}.7`]: 0,
      [`${eaton}.6.1.3.0.2`]: -1,
      [`${eaton}.6.1.4.0.2`]: -1,
      [`${eaton}.3.1.2.0.2`]: 230_500,
      [`${eaton}.4.1.3.0.2`]: 1_250,
    })
  })
  afterAll(() => unit?.[Symbol.asyncDispose]())

  const server = (more: Partial<SNMPServerConfig> = {}) =>
    new SNMPServer({ host: '127.0.0.1', port: unit.port, plug: 7, user: 'plain', ...more })
  const outlet = (more: Partial<SnmpOutletConfig> = {}) =>
    new SnmpOutlet({ host: '127.0.0.1', port: unit.port, model: 'apc-rpdu', outlet: 4, ...more })

  const parts = { interrupt: () => unit.kill(), restore: () => unit.restart() }
  describePower(
    'SnmpOutlet',
    () => ({ driver: outlet({ timeout: 1.5 }), isOn: () => unit.value(`${apc}.4`) === 1, ...parts }),
    { against: 'snmpd with a table of outlets, SNMP 2c', lacks: { read: 'the model has no OIDs for measurements' } },
  )
  describePower(
    'SNMPServer',
    () => ({ driver: server(snmpUsers.sealed), isOn: () => unit.value(`${raritan}.7`) === 1 }),
    {
      against: 'snmpd with a table of outlets, SNMP 3',
      lacks: { read: "Jumpstarter's driver cannot measure", interrupt: 'a test of this file takes the part away' },
    },
  )

  test.each(Object.entries(snmpUsers))('SNMPServer switches as the user %s', async (_, user) => {
    await using power = await serve(server(user), { client: SnmpPowerClient })
    await power.on()
    await power.on()
    expect(unit.value(`${raritan}.7`)).toBe(1)
    await power.off()
    expect(unit.value(`${raritan}.7`)).toBe(0)
    await expect(power.read().next()).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
    expect(unit.value(`${apc}.1`)).toBe(2)
  })

  test.each<[name: string, more: Partial<SnmpOutletConfig>]>([
    ['version 1', { version: '1' }],
    ['version 2c', { version: '2c', community: 'private' }],
    ['version 3', { version: '3', ...snmpUsers.sealed }],
  ])('SnmpOutlet switches an outlet of APC with %s', async (_, more) => {
    await using power = await serve(outlet(more))
    await power.on()
    await power.on()
    expect(unit.value(`${apc}.4`)).toBe(1)
    await power.off()
    expect(unit.value(`${apc}.4`)).toBe(2)
    expect(unit.value(`${apc}.1`)).toBe(2)
    await expect(power.read().next()).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
  })

  test('SnmpOutlet writes one of two values of Eaton, and reads volts and amperes', async () => {
    await using power = await serve(outlet({ model: 'eaton', outlet: 2 }))
    await power.off()
    expect([3, 4].map((part) => unit.value(`${eaton}.6.1.${part}.0.2`))).toEqual([0, -1])
    await power.on()
    expect([3, 4].map((part) => unit.value(`${eaton}.6.1.${part}.0.2`))).toEqual([0, 0])
    expect(await Array.fromAsync(power.read())).toEqual([{ voltage: 230.5, current: 1.25 }])
  })

  test('SnmpOutlet works with the OIDs of any device', async () => {
    const place = { oid: `.${apc}.1` }
    const own = { model: undefined, outlet: undefined, on: { ...place, value: 7 }, off: { ...place, value: 9 } }
    await using power = await serve(outlet({ ...own, current: { ...place, divisor: 10 } }))
    await power.on()
    expect(await Array.fromAsync(power.read())).toEqual([{ voltage: 0, current: 0.7 }])
    await power.off()
    expect(unit.value(`${apc}.1`)).toBe(9)
  })

  test('20 calls at the same time arrive in their order, and the outlet is off when it is safe', async () => {
    await using power = await serve(outlet())
    const before = unit.writes.length
    await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? power.off() : power.on())))
    const [on, off] = [`.${apc}.4 1`, `.${apc}.4 2`]
    expect(unit.writes.slice(before)).toEqual(Array.from({ length: 10 }, () => [on, off]).flat())
    await power.on()
    await makeExporterSafe({ name: 'lab', labels: {}, warnings: [], createRoot: () => outlet() })
    expect(unit.value(`${apc}.4`)).toBe(2)
  })

  const sealed = { version: '3', ...snmpUsers.sealed } as const
  test.each<[name: string, more: Partial<SnmpOutletConfig>, error: object]>([
    [
      'a wrong community',
      { community: 'pr1vate', timeout: 0.3 },
      { code: 'CALL_TIMEOUT', message: /check the community/ },
    ],
    ['a community that may only read', { community: 'public' }, { code: 'DEVICE_IO', message: /refuses: NoAccess/ }],
    ['an unknown user', { ...sealed, user: 'nobody' }, { code: 'UNAUTHENTICATED', message: /Unknown User Name/ }],
    ['a wrong digest', { ...sealed, auth_key: 's3cret word' }, { code: 'UNAUTHENTICATED', message: /Wrong Digest/ }],
    [
      'a wrong encryption',
      { ...sealed, priv_key: 's3cret word', timeout: 0.3 },
      { code: 'CALL_TIMEOUT', message: /check priv_key/ },
    ],
    ['less security than the user has', { version: '3', user: 'sealed' }, { code: 'UNAUTHENTICATED' }],
    ['an outlet that is not there', { outlet: 5 }, { code: 'DEVICE_IO', message: /refuses: NotWritable/ }],
    ['another host', { host: 'nowhere.invalid' }, { code: 'DEVICE_IO', message: /Cannot reach nowhere.invalid:\d+: / }],
  ])('%s is an error of the lab', async (_, more, expected) => {
    await using power = await serve(outlet(more))
    const error: unknown = await power.on().catch((failure: unknown) => failure)
    expect(error).toMatchObject({ origin: 'lab', ...expected })
    expect(JSON.stringify(error)).not.toMatch(/pr1vate|s3cret/)
  })

  test('DES says what Node.js needs for it', async () => {
    await using power = await serve(outlet({ ...sealed, priv_protocol: 'DES' }))
    const message = /start Node.js with NODE_OPTIONS=--openssl-legacy-provider/
    await expect(power.on()).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED', origin: 'lab', message })
  })

  test('a value that is no number, or not there, is an error of the lab', async () => {
    const measure = (oid: string) => outlet({ current: { oid } })
    await using text = await serve(measure('1.3.6.1.2.1.1.1.0'))
    await expect(text.read().next()).rejects.toMatchObject({ code: 'RESULT_INVALID', origin: 'lab' })
    await using none = await serve(measure(`${apc}.77`))
    await expect(none.read().next()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: /has no .*NoSuch/,
    })
  })

  test('a unit that hangs or goes in mid-call is an error of the lab, and works when it is back', async () => {
    await using power = await serve(outlet())
    await using user = await serve(server(snmpUsers.sealed))
    await using hurried = await serve(outlet({ timeout: 0.4 }))
    await using hurriedUser = await serve(server({ ...snmpUsers.sealed, timeout: 0.4 }))
    await user.on()
    unit.stick(true)
    const controller = new AbortController()
    const cancelled = power.with({ signal: controller.signal }).on()
    await expect(hurried.on()).rejects.toMatchObject({ code: 'CALL_TIMEOUT', origin: 'lab' })
    controller.abort()
    await expect(cancelled).rejects.toMatchObject({ code: 'CALL_CANCELLED' })
    const lost = [hurried.off(), hurriedUser.off()].map((call) => expect(call).rejects.toMatchObject({ origin: 'lab' }))
    await unit.kill()
    await Promise.all(lost)
    unit.stick(false)
    await unit.restart()
    await power.on()
    await user.off()
    expect([unit.value(`${apc}.4`), unit.value(`${raritan}.7`)]).toEqual([1, 0])
  })

  test('check says if the unit answers', async () => {
    const config = { host: '127.0.0.1', port: unit.port, plug: 7, user: 'plain' }
    const installed = { name: 'the package net-snmp', isMet: true }
    const name = `SNMP at 127.0.0.1:${unit.port}`
    expect(await SNMPServer.check(config, {})).toMatchObject([installed, { name, isMet: true, found: /Linux/ }])
    const nowhere = { host: 'nowhere.invalid', user: 'plain', plug: 7 }
    expect(await SNMPServer.check(nowhere, {})).toMatchObject([installed, { isMet: false, found: /Cannot reach/ }])
    const strange = { host: '127.0.0.1', port: unit.port, community: 'strange', timeout: 0.2 }
    expect(await SnmpOutlet.check(strange, {})).toMatchObject([installed, { name, isMet: false, found: /community/ }])
  })
})
