import { readdir, readFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'

import { PowerClient } from '../../src/clients/index.ts'
import { describePower } from '../../src/conformance/index.ts'
import { IpmiPower, type IpmiPowerConfig } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { freeUdpPort } from '../support/free-port.ts'
import { missingCommand, needsCommand } from '../support/system-part.ts'
import { startIpmiSim, user } from './support/ipmi-sim.ts'

let sim: Awaited<ReturnType<typeof startIpmiSim>>

const createPower = (config: Partial<IpmiPowerConfig> = {}) =>
  new IpmiPower({ host: '127.0.0.1', port: sim.port, ...user, cipher_suite: 3, ...config })
const servePower = (config: Partial<IpmiPowerConfig> = {}) => serve(createPower(config), { client: PowerClient })

const missing = missingCommand('ipmitool', 'ipmi_sim')

describe.skipIf(missing !== undefined)('a management controller', () => {
  beforeAll(async () => {
    sim = await startIpmiSim()
  })
  afterAll(() => sim[Symbol.asyncDispose]())
  beforeEach(() => sim.slow(0))

  test('switches, and has switched when the call returns', async () => {
    await using power = await servePower()
    await sim.slow(1)
    await power.on()
    expect(await sim.power()).toBe('1')
    await sim.slow(0)
    await power.off()
    expect(await sim.power()).toBe('0')
  })

  test('may refuse a command that changes nothing', async () => {
    await using power = await servePower()
    await sim.refuse(true)
    try {
      await power.off()
      await expect(power.on()).rejects.toMatchObject({
        code: 'DEVICE_IO',
        origin: 'board',
        message: expect.stringContaining('refuses: Set Chassis Power Control to Up/On failed'),
      })
    } finally {
      await sim.refuse(false)
    }
  })

  test('measures with the sensors of the config', async () => {
    await using power = await servePower({ voltage_sensor: 'P1 VIN', current_sensor: 'P1 IIN' })
    expect(await Array.fromAsync(power.read())).toEqual([{ voltage: 12.1, current: 0.25 }])
    await using wrong = await servePower({ voltage_sensor: 'P1 VIN', current_sensor: 'Inlet' })
    await expect(Array.fromAsync(wrong.read())).rejects.toMatchObject({
      code: 'RESULT_INVALID',
      message: expect.stringContaining("The sensor 'Inlet' measures degrees C, not Amps"),
    })
    await using blind = await servePower()
    await expect(Array.fromAsync(blind.read())).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
  })

  test('that goes in mid-call is an error of the lab, and answers again when it is back', async () => {
    await using power = await servePower({ retries: 1 })
    await sim.slow(1_000)
    const looks = async () => (await sim.calls()).filter((call) => call === '0x20 get power').length
    const before = await looks()
    const failure = power.on().catch((error: unknown) => error)
    await vi.waitFor(async () => expect(await looks()).toBeGreaterThan(before), { timeout: 20_000 })
    await sim.stop()
    expect(await failure).toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining(`Cannot reach the management controller at 127.0.0.1:${sim.port}`),
    })
    await sim.restart()
    await sim.slow(0)
    await power.off()
    expect(await sim.power()).toBe('0')
  })

  test('that does not let the user in is an error of the lab without the password', async () => {
    const password = 'wrong-secret'
    await using power = await servePower({ password, retries: 0 })
    const error = await power.on().catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining('Unable to establish IPMI v2 / RMCP+ session (check the address, the user'),
    })
    expect(String(error)).not.toContain(password)
  })

  test('that does not change its state in time is broken', async () => {
    await using power = await servePower({ timeout: 2 })
    await sim.slow(1_000)
    await expect(power.on()).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:DEVICE_IO|CALL_TIMEOUT)$/),
      origin: 'board',
    })
  })
})

describePower(
  'IpmiPower',
  async () => {
    sim = await startIpmiSim()
    return {
      driver: createPower({ retries: 1, voltage_sensor: 'P1 VIN', current_sensor: 'P1 IIN' }),
      isOn: async () => (await sim.power()) === '1',
      interrupt: () => sim.stop(),
      restore: () => sim.restart(),
      [Symbol.asyncDispose]: () => sim[Symbol.asyncDispose](),
    }
  },
  { against: 'ipmi_sim of OpenIPMI', skip: missing, usesAtOnce: 4 },
)

describe('ipmitool', () => {
  beforeEach(({ skip }) => needsCommand('ipmitool', skip))

  test('gets the password where nobody sees it, and ends with the call', async () => {
    const port = await freeUdpPort()
    await using power = await serve(new IpmiPower({ host: '127.0.0.1', port, ...user }), { client: PowerClient })
    const controller = new AbortController()
    const call = power.with({ signal: controller.signal }).on()
    const failure = call.catch((error: unknown) => error)
    const commandLine = await vi.waitUntil(() => findCommandLine('ipmitool', String(port)), { timeout: 10_000 })
    expect(commandLine).toContain(user.username)
    expect(commandLine).not.toContain(user.password)
    controller.abort(new Error('enough'))
    expect(await failure).toMatchObject({ code: 'CALL_CANCELLED' })
    await vi.waitUntil(async () => (await findCommandLine('ipmitool', String(port))) === undefined, { timeout: 10_000 })
  })

  test('that is there is found by check', async () => {
    const config = { host: 'bmc', username: 'admin', password_file: '/no/such/file' }
    expect(await IpmiPower.check(config, {})).toEqual([
      { name: 'the program ipmitool', isMet: true, found: expect.stringContaining('ipmitool version 1.') },
      { name: '/no/such/file', isMet: false, cure: 'write the password into it, and let this user read it' },
    ])
  })
})

/** @returns the arguments of a running program that has one of them */
async function findCommandLine(program: string, argument: string): Promise<readonly string[] | undefined> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const all = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return all.map((text) => text.split('\0')).find(([name, ...args]) => name === program && args.includes(argument))
}
