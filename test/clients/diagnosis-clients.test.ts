import { expect, test } from 'vitest'

import { DoIpClient } from '../../src/clients/drivers/doip-client.ts'
import { SomeIpClient } from '../../src/clients/drivers/some-ip-client.ts'
import { UdsClient } from '../../src/clients/drivers/uds-client.ts'
import { Driver, serve } from '../../src/index.ts'
import { DoIp, type DoIpPayload, SomeIp, type SomeIpPayload, Uds } from '../../src/interfaces/index.ts'

const positive = { nrc: null, nrc_name: null }
const refused = { nrc: 0x35, nrc_name: 'InvalidKey' }

/** A control unit with one security level, whose key is the seed plus one. */
class Unit extends Driver {
  static readonly interface = Uds as never
  readonly calls: unknown[] = []

  changeSession(session: string) {
    this.calls.push(session)
    return { service: 'DiagnosticSessionControl', success: true, data: '0032', ...positive }
  }
  requestSeed(..._others: readonly unknown[]) {
    return { seed: 'a0b1', success: true, ...positive }
  }
  sendKey(_level: number, keyHex: string) {
    const success = keyHex === 'a1b2'
    return { service: 'SecurityAccess', success, data: null, ...(success ? positive : refused) }
  }
  readDataByIdentifier(list: readonly number[]) {
    return list.map((did) => ({ did, value: '0102' }))
  }
  writeDataByIdentifier(did: number, valueHex: string) {
    this.calls.push([did, valueHex])
    return { service: 'WriteDataByIdentifier', success: true, data: '', ...positive }
  }
  clearDtc(group?: number) {
    this.calls.push(group)
    return { service: 'ClearDiagnosticInformation', success: true, data: null, ...positive }
  }
  startRoutine(id: number, dataHex: string) {
    return { routine_id: id, control_type: 'startRoutine', success: true, status_record: dataHex, ...positive }
  }
}

test('UdsClient sends and gets bytes, and a refusal is an answer', async () => {
  const unit = new Unit()
  await using uds = await serve(unit, { client: UdsClient })
  expect(await uds.changeSession('extended')).toEqual({
    isPositive: true,
    data: Buffer.from([0x00, 0x32]),
    refusal: null,
  })
  const add = (seed: Buffer) => seed.map((byte) => byte + 1)
  expect(await uds.unlock(1, add)).toMatchObject({ isPositive: true, refusal: null })
  expect(await uds.unlock(1, (seed) => seed)).toMatchObject({
    isPositive: false,
    refusal: { code: 0x35, name: 'InvalidKey' },
  })
  expect(await uds.readData(0xf190, 0xf191)).toEqual([
    { did: 0xf190, value: '0102' },
    { did: 0xf191, value: '0102' },
  ])
  await uds.writeData(0xf190, [0xff, 0x00])
  await uds.clearTroubleCodes()
  expect(unit.calls).toEqual(['extended', [0xf190, 'ff00'], undefined])
  expect(await uds.startRoutine(0x0203, Buffer.from([9]))).toMatchObject({ data: Buffer.from([9]) })
})

class Gateway extends Driver {
  static readonly interface = DoIp as never
  readonly waits: number[] = []
  #sent = ''
  sendDiagnostic({ data }: DoIpPayload) {
    this.#sent = data
  }
  receiveDiagnostic(timeout: number) {
    this.waits.push(timeout)
    return { data: `62${this.#sent.slice(2)}` }
  }
  aliveCheck() {
    return { source_address: 0xe00 }
  }
  requestVehicleIdentification(vin: string | null, eid: string | null) {
    return { vin: vin ?? 'all', logical_address: 1, eid: eid ?? '', gid: '', further_action: 0, sync_status: null }
  }
}

test('DoIpClient sends and gets bytes', async () => {
  const gateway = new Gateway()
  await using doip = await serve(gateway, { client: DoIpClient })
  expect(await doip.request([0x22, 0xf1, 0x90], { timeoutMs: 2_500 })).toEqual(Buffer.from([0x62, 0xf1, 0x90]))
  expect(gateway.waits).toEqual([2.5])
  expect(await doip.aliveCheck()).toBe(0xe00)
  expect(await doip.identify({ eid: '001122334455' })).toMatchObject({ vin: 'all', eid: '001122334455' })
})

class Service extends Driver {
  static readonly interface = SomeIp as never
  rpcCall(serviceId: number, methodId: number, { data }: SomeIpPayload, timeout: number) {
    return { service_id: serviceId, method_id: methodId, session_id: timeout, payload: data }
  }
  findService(serviceId: number, instanceId: number, ..._others: readonly unknown[]) {
    return [{ service_id: serviceId, instance_id: instanceId, major_version: 1, minor_version: 0 }]
  }
  receiveEvent(..._others: readonly unknown[]) {
    return { service_id: 1, event_id: 0x8001, payload: 'c0ffee' }
  }
}

test('SomeIpClient sends and gets bytes', async () => {
  await using someip = await serve(new Service(), { client: SomeIpClient })
  expect(await someip.request(0x1234, 1, [0xab, 0xcd], { timeoutMs: 1_500 })).toMatchObject({
    service_id: 0x1234,
    session_id: 1.5,
    payload: Buffer.from([0xab, 0xcd]),
  })
  expect(await someip.findService(7)).toMatchObject([{ instance_id: 0xffff }])
  expect(await someip.event()).toEqual({ service_id: 1, event_id: 0x8001, payload: Buffer.from('c0ffee', 'hex') })
})
