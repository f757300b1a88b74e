import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect } from 'vitest'

import { pythonProgram } from '../../scripts/python-environment.ts'
import { DoIpClient } from '../../src/clients/drivers/doip-client.ts'
import { SomeIpClient } from '../../src/clients/drivers/some-ip-client.ts'
import { UdsClient } from '../../src/clients/drivers/uds-client.ts'
import type { DerivedClient } from '../../src/clients/index.ts'
import type { Obd } from '../../src/interfaces/index.ts'
import { startUdpEcho } from '../conformance/support/udp-echo.ts'
import { freeUdpPort } from '../support/free-port.ts'
import { endServer, ProcessOutput } from '../support/process-output.ts'
import { missingCommand } from '../support/system-part.ts'
import { startElm327 } from './support/elm327.ts'
import { pythonEnvironmentVariables, pythonMissing } from './support/python.ts'
import { theirDriver, useTheirDrivers } from './support/their-drivers.ts'

/** Starts the models of control units. @returns their ports, by their protocols */
async function startControlUnits(peers: AsyncDisposableStack): Promise<Readonly<Record<string, number>>> {
  const program = fileURLToPath(new URL('support/ecu.py', import.meta.url))
  const process = execa(pythonProgram('python'), [program], {
    ...{ env: pythonEnvironmentVariables(), extendEnv: false },
    ...{ reject: false, buffer: false, stdin: 'pipe' },
  })
  peers.defer(() => endServer(process))
  return JSON.parse(await new ProcessOutput(process).prints(/^(\{.*\})$/m)) as Record<string, number>
}

const missing = pythonMissing() ?? missingCommand('socat')

describe.skipIf(missing !== undefined)("our clients on Jumpstarter's drivers for vehicles", () => {
  let commands: readonly string[]
  const theirs = useTheirDrivers(async ({ peers }) => {
    const ports = await startControlUnits(peers)
    const adapter = peers.use(await startElm327())
    commands = adapter.commands
    const entries = `
  doip:
    type: jumpstarter_driver_doip.driver.DoIP
    config: { ecu_ip: 127.0.0.1, ecu_logical_address: 0xe0, tcp_port: ${ports['doip']} }
  uds:
    type: jumpstarter_driver_uds_doip.driver.UdsDoip
    config: { ecu_ip: 127.0.0.1, ecu_logical_address: 0xe0, tcp_port: ${ports['uds']} }
  obd: { type: jumpstarter_driver_obd.driver.OBD, config: { port: ${adapter.path} } }
  someip:
    type: jumpstarter_driver_someip.driver.SomeIp
    config:
      host: 127.0.0.1
      port: ${await freeUdpPort()}
      remote_host: 127.0.0.1
      remote_port: ${peers.use(await startUdpEcho()).port}
`
    return { entries }
  })

  theirDriver('DoIP', 'jumpstarter_driver_doip.driver.DoIP', async () => {
    const doip = theirs.find('doip', DoIpClient)
    // Jumpstarter's driver (0.9.0) cannot identify a vehicle or read its state: it looks for fields that doipclient does not have.
    expect(await doip.aliveCheck()).toBe(0xe0)
    expect(await doip.activateRouting()).toMatchObject({ response_code: 0x10 })
    expect(await doip.request([0x22, 0xf1, 0x90])).toEqual(Buffer.of(0x22, 0xf1, 0x90))
    await expect(doip.receive({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    await doip.reconnect({ closedMs: 0 })
    expect(await doip.aliveCheck()).toBe(0xe0)
  })

  theirDriver('UDS', 'jumpstarter_driver_uds_doip.driver.UdsDoip', async () => {
    const uds = theirs.find('uds', UdsClient)
    expect(await uds.changeSession('extended')).toMatchObject({ isPositive: true, refusal: null })
    await uds.testerPresent()
    const vin = Buffer.from('WVWZZZ3CZWE123456').toString('hex')
    expect(await uds.readData(0xf190)).toEqual([{ did: 0xf190, value: vin }])
    expect(await uds.writeData(0xf190, Buffer.from(vin, 'hex'))).toMatchObject({ isPositive: true })
    const seeds: Buffer[] = []
    expect(await uds.unlock(1, (seed) => (seeds.push(seed), seed.toReversed()))).toMatchObject({ isPositive: true })
    expect(seeds).toEqual([Buffer.of(0xde, 0xad, 0xbe, 0xef)])
    expect(await uds.readTroubleCodes()).toMatchObject([{ dtc_id: 0xc01234, status: 0x2f }])
    expect(await uds.clearTroubleCodes()).toMatchObject({ isPositive: true })
    expect(await uds.startRoutine(0x203)).toMatchObject({
      isPositive: false,
      refusal: { code: 0x11, name: 'ServiceNotSupported' },
    })
    expect(await uds.reset('hard')).toMatchObject({ isPositive: true })
  })

  theirDriver('OBD-II', 'jumpstarter_driver_obd.driver.OBD', async () => {
    const obd = theirs.derived<DerivedClient<typeof Obd>>('obd')
    expect([await obd.status(), await obd.isConnected()]).toEqual(['Car Connected', true])
    expect(await obd.supportedCommands()).toEqual(expect.arrayContaining(['RPM', 'SPEED']))
    expect(await obd.query('RPM')).toMatch(/^3000\.0 revolutions_per_minute$/)
    expect(await obd.query('INTAKE_PRESSURE')).toBeNull()
    await expect(obd.query('CLEAR_DTC')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    await obd.clearDtc()
    expect(commands.at(-1)).toBe('04')
  })

  theirDriver('SOME/IP', 'jumpstarter_driver_someip.driver.SomeIp', async () => {
    const someip = theirs.find('someip', SomeIpClient)
    await someip.send(0x1234, 1, [0, 255, 128])
    expect(await someip.receive()).toMatchObject({ service_id: 0x1234, method_id: 1, payload: Buffer.of(0, 255, 128) })
    await expect(someip.receive({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    expect(await someip.findService(0x1234, { timeoutMs: 200 })).toEqual([])
  })
})
