import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'

import { pythonProgram } from '../../scripts/python-environment.ts'
import { AdbServerClient } from '../../src/clients/drivers/adb-server-client.ts'
import { IscsiServerClient } from '../../src/clients/drivers/iscsi-server-client.ts'
import { IsoTpClient } from '../../src/clients/drivers/iso-tp-client.ts'
import { MitmproxyClient } from '../../src/clients/drivers/mitmproxy-client.ts'
import { PiPicoFlasherClient } from '../../src/clients/drivers/pi-pico-flasher-client.ts'
import { ProbeRsClient } from '../../src/clients/drivers/probe-rs-client.ts'
import { StlinkFlasherClient } from '../../src/clients/drivers/stlink-flasher-client.ts'
import { UstreamerClient } from '../../src/clients/drivers/ustreamer-client.ts'
import { VncServerClient } from '../../src/clients/drivers/vnc-server-client.ts'
import { freePort } from '../support/free-port.ts'
import { untilSucceeds } from '../support/until-succeeds.ts'
import { pythonMissing } from './support/python.ts'
import { theirDriver, useTheirDrivers } from './support/their-drivers.ts'

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
  ustreamer: `exec '${process.execPath}' '${fileURLToPath(new URL('support/ustreamer.ts', import.meta.url))}' "$@"`,
} as const

/** The disks of boards that are flashed by a copy: what is on them before. */
const disks = {
  'stlink/DETAILS.TXT': 'Version: 0221\r\nBuild: Jan  7 2019\r\n',
  'pico/INFO_UF2.TXT': 'UF2 Bootloader v3.0\nBoard-ID: RPI-RP2\n',
}

const entries = (folder: string, proxyPort: number) => `
  isotp: { type: interop_can.IsoTp, config: { channel: diagnosis, interface: virtual, txid: 0x7e0, rxid: 0x7e8 } }
  unit: { type: interop_can.IsoTp, config: { channel: diagnosis, interface: virtual, txid: 0x7e8, rxid: 0x7e0 } }
  probe: { type: jumpstarter_driver_probe_rs.driver.ProbeRs, config: { probe_rs_path: ${folder}/probe-rs } }
  adb: { type: jumpstarter_driver_adb.driver.AdbServer, config: { adb_path: ${folder}/adb } }
  vnc:
    type: jumpstarter_driver_vnc.driver.Vnc
    config: { default_encrypt: true }
    children:
      tcp: { type: jumpstarter_driver_network.driver.EchoNetwork }
  camera: { type: jumpstarter_driver_ustreamer.driver.UStreamer, config: { executable: ${folder}/ustreamer } }
  stlink: { type: interop_disks.StlinkDisk, config: { folder: ${folder}/stlink } }
  pico: { type: interop_disks.PicoDisk, config: { folder: ${folder}/pico } }
  iscsi: { type: jumpstarter_driver_iscsi.driver.ISCSI, config: { root_dir: ${folder}/iscsi, host: 127.0.0.1 } }
  proxy:
    type: jumpstarter_driver_mitmproxy.driver.MitmproxyDriver
    config: { listen: { port: ${proxyPort} }, directories: { data: ${folder}/proxy } }
`

const missing = pythonMissing()

describe.skipIf(missing !== undefined)("our clients on Jumpstarter's drivers", () => {
  let proxyPort: number
  const theirs = useTheirDrivers(async ({ folder }) => {
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
      chmodSync(join(folder, name), 0o755)
    }
    for (const [name, content] of Object.entries(disks)) {
      mkdirSync(dirname(join(folder, name)))
      writeFileSync(join(folder, name), content)
    }
    proxyPort = await freePort()
    // The driver of mitmproxy starts its program by its name.
    const variables = { PATH: `${dirname(pythonProgram('mitmdump'))}:${process.env['PATH']}` }
    return { entries: entries(folder, proxyPort), variables }
  })

  test('ISO-TP', async () => {
    const [isotp, unit] = [theirs.find('isotp', IsoTpClient), theirs.find('unit', IsoTpClient)]
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

  theirDriver(
    'probe-rs (a script in the place of the program)',
    'jumpstarter_driver_probe_rs.driver.ProbeRs',
    async () => {
      const probe = theirs.find('probe', ProbeRsClient)
      expect(await probe.info()).toContain('ARM Chip')
      expect(await probe.download(Buffer.from('a program'))).toContain('Finished')
      expect(readFileSync(join(theirs.folder(), 'downloaded'), 'utf8')).toBe('a program')
      await probe.reset()
      expect(await probe.read(0x2000_0000, 2)).toEqual([0xdeadbeef, 1])
      await expect(probe.read(0x3000_0000, 2)).rejects.toMatchObject({ code: 'CALL_FAILED' })
    },
  )

  theirDriver('adb (a script in the place of the program)', 'jumpstarter_driver_adb.driver.AdbServer', async () => {
    const adb = theirs.find('adb', AdbServerClient)
    expect(await adb.devices()).toEqual([
      { serial: 'emulator-5554', state: 'device', properties: { product: 'sdk', transport_id: '1' } },
    ])
    expect(await adb.address()).toBe('tcp://127.0.0.1:15037')
  })

  theirDriver('VNC', 'jumpstarter_driver_vnc.driver.Vnc', async () => {
    const vnc = theirs.find('vnc', VncServerClient)
    expect(await vnc.defaultEncrypt()).toBe(true)
    const stream = await vnc.connect()
    stream.write('RFB')
    expect(String(await new Promise((resolve) => stream.once('data', resolve)))).toBe('RFB')
    stream.destroy()
  })

  theirDriver(
    'Camera with µStreamer (a program in its place)',
    'jumpstarter_driver_ustreamer.driver.UStreamer',
    async () => {
      const camera = theirs.find('camera', UstreamerClient)
      expect(await camera.state()).toMatchObject({ ok: true, result: { source: { resolution: { width: 640 } } } })
      expect(await camera.snapshot()).toEqual(Buffer.of(0xff, 0xd8, 0, 0xff, 0xd9))
      const frames: number[] = []
      for await (const frame of camera.frames()) if (frames.push(frame[2] ?? 0) === 3) break
      expect(frames).toEqual([1, 2, 3])
    },
  )

  theirDriver(
    'ST-LINK (a folder in the place of its disk)',
    'jumpstarter_driver_stlink_msd.driver.StlinkMsdFlasher',
    async () => {
      const stlink = theirs.find('stlink', StlinkFlasherClient)
      expect(await stlink.info()).toMatchObject({ Version: '0221', mount_point: join(theirs.folder(), 'stlink') })
      await stlink.flash(Buffer.from('firmware'))
      expect(readFileSync(join(theirs.folder(), 'stlink/firmware.bin'), 'utf8')).toBe('firmware')
      await expect(stlink.flash(Buffer.from('elf'), { target: 'app.elf' })).rejects.toMatchObject({
        code: 'ARGUMENT_INVALID',
        message: expect.stringContaining("Unsupported firmware format '.elf'"),
      })
      await expect(stlink.dump(join(theirs.folder(), 'dumped'))).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
    },
  )

  theirDriver(
    'Raspberry Pi Pico (a folder in the place of its disk)',
    'jumpstarter_driver_pi_pico.driver.PiPicoFlasher',
    async () => {
      const pico = theirs.find('pico', PiPicoFlasherClient)
      await pico.enterBootloader()
      expect(await pico.bootloaderInfo()).toEqual({ 'Board-ID': 'RPI-RP2' })
      await pico.flash(Buffer.from('UF2 image'), { target: 'blink' })
      expect(readFileSync(join(theirs.folder(), 'pico/blink.uf2'), 'utf8')).toBe('UF2 image')
      await expect(pico.dump(join(theirs.folder(), 'dumped'))).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
    },
  )

  theirDriver(
    'iSCSI (its files; the rest needs a target in the kernel)',
    'jumpstarter_driver_iscsi.driver.ISCSI',
    async () => {
      const iscsi = theirs.find('iscsi', IscsiServerClient)
      expect([await iscsi.host(), await iscsi.port()]).toEqual(['127.0.0.1', 3260])
      expect(await iscsi.targetIqn()).toBe('iqn.2024-06.dev.jumpstarter:target1')
      const image = Buffer.alloc(100_000, 'image')
      await iscsi.storage.writeBytes('root.img.gz', gzipSync(image))
      await iscsi.call('decompress', 'root.img.gz', 'root.img', 'gz')
      expect(await iscsi.storage.readBytes('root.img')).toEqual(image)
      expect(await iscsi.listLuns()).toEqual([])
      await expect(iscsi.addLun('root', '../root.img')).rejects.toMatchObject({ code: 'CALL_FAILED' })
    },
  )

  theirDriver('mitmproxy', 'jumpstarter_driver_mitmproxy.driver.MitmproxyDriver', async () => {
    const proxy = theirs.find('proxy', MitmproxyClient)
    await proxy.start()
    expect(await proxy.isRunning()).toBe(true)
    const get = async (path: string) => {
      const url = `http://updates.example${path}`
      const through = ['--silent', '--show-error', '--max-time', '20', '--proxy', `http://127.0.0.1:${proxyPort}`]
      return (await execa('curl', [...through, url])).stdout
    }
    const update = await proxy.mock('GET', '/api/update', { body: { version: '2.0.0' } })
    await untilSucceeds('the mock', async () =>
      expect(JSON.parse(await get('/api/update'))).toEqual({ version: '2.0.0' }),
    )
    expect(await proxy.waitForRequest('GET', '/api/update', { timeoutMs: 20_000 })).toMatchObject({ wasMocked: true })
    expect(await update.remove()).toBe(true)
    expect(await proxy.caCertificate()).toContain('BEGIN CERTIFICATE')
    await proxy.stop()
    expect(await proxy.isRunning()).toBe(false)
  })
})
