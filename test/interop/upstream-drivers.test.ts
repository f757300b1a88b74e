import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createPrivateFolder, type PrivateFolder } from '../../src/base/private-folder.ts'
import { AdbServerClient } from '../../src/clients/drivers/adb-server-client.ts'
import { CanClient } from '../../src/clients/drivers/can-client.ts'
import { IsoTpClient } from '../../src/clients/drivers/iso-tp-client.ts'
import { ProbeRsClient } from '../../src/clients/drivers/probe-rs-client.ts'
import { UbootConsoleClient } from '../../src/clients/drivers/uboot-console-client.ts'
import { VncServerClient } from '../../src/clients/drivers/vnc-server-client.ts'
import { connect, type Connection } from '../../src/clients/index.ts'
import { createCertificates } from '../support/certificates.ts'
import { needsUboot } from '../support/qemu-board.ts'
import { type RunningExporter, startTheirs } from './support/exporters.ts'
import { pythonMissing } from './support/python.ts'

/** Programs in the place of those that need hardware. They print and do what the real ones would. */
const programs = {
  'probe-rs': `case "$1" in
    info) echo "ARM Chip with debug port Default" ;;
    read) [ "$3" = 0x20000000 ] && echo "deadbeef 00000001" ;;
    download) cp "$2" "$(dirname "$0")/downloaded" && echo Finished ;;
    reset) ;;
    *) exit 1 ;;
  esac`,
  adb: `case "$1" in
    version) echo "Android Debug Bridge version 1.0.41" ;;
    devices) printf 'List of devices attached\\nemulator-5554 device product:sdk transport_id:1\\n\\n' ;;
  esac`,
} as const

const exporterFile = (folder: string) => `apiVersion: jumpstarter.dev/v1alpha1
kind: ExporterConfig
metadata: { namespace: default, name: upstream }
export:
  can: { type: jumpstarter_driver_can.driver.Can, config: { channel: bench, interface: virtual } }
  peer: { type: jumpstarter_driver_can.driver.Can, config: { channel: bench, interface: virtual } }
  isotp: { type: interop_can.IsoTp, config: { channel: diagnosis, interface: virtual, txid: 0x7e0, rxid: 0x7e8 } }
  unit: { type: interop_can.IsoTp, config: { channel: diagnosis, interface: virtual, txid: 0x7e8, rxid: 0x7e0 } }
  probe: { type: jumpstarter_driver_probe_rs.driver.ProbeRs, config: { probe_rs_path: ${folder}/probe-rs } }
  adb: { type: jumpstarter_driver_adb.driver.AdbServer, config: { adb_path: ${folder}/adb } }
  vnc:
    type: jumpstarter_driver_vnc.driver.Vnc
    config: { default_encrypt: true }
    children:
      tcp: { type: jumpstarter_driver_network.driver.EchoNetwork }
  qemu:
    type: jumpstarter_driver_qemu.driver.Qemu
    config:
      arch: aarch64
      mem: 256M
      smp: 1
      default_partitions: { bios: /usr/lib/u-boot/qemu_arm64/u-boot.bin }
  uboot:
    type: jumpstarter_driver_uboot.driver.UbootConsole
    children:
      power: { ref: qemu.power }
      serial: { ref: qemu.console }
`

const missing = pythonMissing()

describe.skipIf(missing !== undefined)("our clients on Jumpstarter's drivers", () => {
  let folder: PrivateFolder
  let exporter: RunningExporter
  let connection: Connection

  beforeAll(async () => {
    folder = await createPrivateFolder()
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(join(folder.path, name), `#!/bin/sh\n${script}\n`)
      chmodSync(join(folder.path, name), 0o755)
    }
    const file = join(folder.path, 'exporter.yaml')
    writeFileSync(file, exporterFile(folder.path))
    await using certificates = await createCertificates()
    exporter = await startTheirs(file, 'TCP', certificates)
    const { address, ...security } = exporter.endpoint
    connection = await connect(address, security)
  })
  afterAll(async () => {
    connection?.close()
    await exporter?.[Symbol.asyncDispose]()
    await folder?.remove()
  })

  function find<Client>(name: string, Class: new (...args: never[]) => Client): Client {
    const client = connection.root.children[name]
    expect(client).toBeInstanceOf(Class)
    return client as Client
  }

  test('CAN', async () => {
    const [can, peer] = [find('can', CanClient), find('peer', CanClient)]
    expect([await can.protocol(), await can.state()]).toEqual(['can-2.0', 'active'])
    expect(await can.channelInfo()).toContain('bench')
    await can.send({ id: 0x123, data: [1, 2, 255] })
    const limits = { timeoutMs: 20_000 }
    expect(await peer.receive(limits)).toMatchObject({ id: 0x123, data: Buffer.from([1, 2, 255]), isReceived: true })
    await can.send({ id: 0x18daf110, isRemote: true, length: 4 })
    expect(await peer.receive(limits)).toMatchObject({ isExtended: true, isRemote: true, length: 4 })
    const data = Buffer.from(Array.from({ length: 64 }, (_, n) => 255 - n))
    await can.send({ id: 1, data })
    expect(await peer.receive(limits)).toMatchObject({ isFd: true, data })
    await peer.setFilters([{ id: 0x10, mask: 0x7f0 }])
    await can.send({ id: 0x23 })
    await can.send({ id: 0x1f })
    expect(await peer.receive(limits)).toMatchObject({ id: 0x1f })
    await peer.setFilters(null)
    await expect(peer.receive({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    await using task = await can.sendPeriodic([{ id: 7 }], { periodMs: 20 })
    for (let n = 0; n < 3; n++) expect(await peer.receive(limits)).toMatchObject({ id: 7 })
    await task.stop()
  })

  test('ISO-TP', async () => {
    const [isotp, unit] = [find('isotp', IsoTpClient), find('unit', IsoTpClient)]
    await isotp.start()
    await unit.start()
    const message = Buffer.from(Array.from({ length: 300 }, (_, n) => n & 0xff))
    await isotp.send(message)
    expect(await unit.receive({ timeoutMs: 20_000 })).toEqual(message)
    expect(await unit.available()).toBe(false)
    await expect(unit.receive({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    await unit.send([0x62])
    expect(await isotp.receive({ timeoutMs: 20_000 })).toEqual(Buffer.from([0x62]))
    await isotp.stop()
    await unit.stop()
  })

  test('probe-rs', async () => {
    const probe = find('probe', ProbeRsClient)
    expect(await probe.info()).toContain('ARM Chip')
    expect(await probe.download(Buffer.from('a program'))).toContain('Finished')
    expect(readFileSync(join(folder.path, 'downloaded'), 'utf8')).toBe('a program')
    await probe.reset()
    expect(await probe.read(0x2000_0000, 2)).toEqual([0xdeadbeef, 1])
    await expect(probe.read(0x3000_0000, 2)).rejects.toMatchObject({ code: 'CALL_FAILED' })
  })

  test('adb', async () => {
    const adb = find('adb', AdbServerClient)
    expect(await adb.devices()).toEqual([
      { serial: 'emulator-5554', state: 'device', properties: { product: 'sdk', transport_id: '1' } },
    ])
    expect(await adb.address()).toBe('tcp://127.0.0.1:15037')
  })

  test('VNC', async () => {
    const vnc = find('vnc', VncServerClient)
    expect(await vnc.defaultEncrypt()).toBe(true)
    const stream = await vnc.connect()
    stream.write('RFB')
    expect(String(await new Promise((resolve) => stream.once('data', resolve)))).toBe('RFB')
    stream.destroy()
  })

  test('U-Boot', async ({ skip }) => {
    needsUboot(skip)
    const console = find('uboot', UbootConsoleClient)
    const uboot = await console.reboot({ offMs: 0, timeoutMs: 50_000 })
    await uboot.setEnv('greeting', 'hello')
    expect(await uboot.getEnv('greeting')).toBe('hello')
    await console.power.off()
  })
})
