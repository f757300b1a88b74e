import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'

import { AdbServerClient } from '../../src/clients/drivers/adb-server-client.ts'
import { DbusNetworkClient } from '../../src/clients/drivers/dbus-network-client.ts'
import { IscsiServerClient } from '../../src/clients/drivers/iscsi-server-client.ts'
import { NoyitoPowerClient } from '../../src/clients/drivers/noyito-power-client.ts'
import { SnmpPowerClient } from '../../src/clients/drivers/snmp-power-client.ts'
import { UstreamerClient } from '../../src/clients/drivers/ustreamer-client.ts'
import { VideoClient } from '../../src/clients/drivers/video-client.ts'
import { VncServerClient } from '../../src/clients/drivers/vnc-server-client.ts'
import { PowerClient } from '../../src/clients/index.ts'
import { EchoNetwork, OpendalDriver, TcpNetwork } from '../../src/drivers/index.ts'
import { Driver, type Implementation, serve } from '../../src/index.ts'
import {
  AdbServer,
  DbusNetwork,
  type IscsiLun,
  IscsiServer,
  NoyitoPower,
  SnmpPower,
  Ustreamer,
  Video,
  VncServer,
} from '../../src/interfaces/index.ts'
import { openSession } from '../support/session.ts'

class Outlet extends Driver implements Implementation<typeof SnmpPower> {
  static readonly interface = SnmpPower
  readonly calls: string[] = []
  on() {
    this.calls.push('on')
    return 'Power ON command sent successfully'
  }
  off() {
    this.calls.push('off')
    return 'Power OFF command sent successfully'
  }
}

test('an outlet of SNMP is power that cannot measure', async () => {
  const outlet = new Outlet()
  await using session = await openSession(outlet)
  await session.session.start()
  const power = session.root as SnmpPowerClient
  expect(power).toBeInstanceOf(PowerClient)
  await power.cycle({ offMs: 0 })
  expect(outlet.calls).toEqual(['off', 'on'])
  await expect(power.read().next()).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
})

class Relay extends Driver implements Implementation<typeof NoyitoPower> {
  static readonly interface = NoyitoPower
  state = 'off'
  on() {
    this.state = 'on'
  }
  off() {
    this.state = 'off'
  }
  *read() {
    yield { voltage: 0, current: 0 }
  }
  status() {
    return this.state
  }
}

test('a relay of NOYITO tells its state', async () => {
  await using relay = await serve(new Relay(), { client: NoyitoPowerClient })
  await relay.on()
  expect(await relay.status()).toBe('on')
})

class Adb extends EchoNetwork {
  static override readonly interface = AdbServer as never
  text = 'List of devices attached\n'
  startServer() {
    return 5037
  }
  killServer() {
    return 5037
  }
  listDevices() {
    return this.text
  }
}

test('a server of adb lists its devices and is forwarded', async () => {
  const server = new Adb()
  await using adb = await serve(server, { client: AdbServerClient })
  await adb.startServer()
  expect(await adb.devices()).toEqual([])
  server.text = [
    '* daemon started successfully',
    'List of devices attached',
    'emulator-5554          device product:sdk_phone model:Pixel_7 transport_id:1',
    '0123456789ABCDEF       unauthorized usb:1-1',
    '',
  ].join('\n')
  expect(await adb.devices()).toEqual([
    {
      serial: 'emulator-5554',
      state: 'device',
      properties: { product: 'sdk_phone', model: 'Pixel_7', transport_id: '1' },
    },
    { serial: '0123456789ABCDEF', state: 'unauthorized', properties: { usb: '1-1' } },
  ])
  await using forward = await adb.forwardTcp()
  expect(forward.port).toBeGreaterThan(0)
  server.text = 'Error: no permissions'
  await expect(adb.devices()).rejects.toMatchObject({ code: 'CALL_FAILED' })
})

class Bus extends EchoNetwork {
  static override readonly interface = DbusNetwork as never
  override readonly labels = { 'jumpstarter.dev/dbusnetwork/kind': 'session' }
}

test('a bus of D-Bus has a kind and is forwarded', async () => {
  await using bus = await serve(new Bus(), { client: DbusNetworkClient })
  expect(bus.kind).toBe('session')
  await using forward = await bus.forwardUnix()
  expect(forward.path).toMatch(/\.sock$/)
})

class Screen extends Driver implements Implementation<typeof VncServer> {
  static readonly interface = VncServer
  override readonly children: Record<string, Driver>
  constructor(children: Record<string, Driver>) {
    super()
    this.children = children
  }
  getDefaultEncrypt() {
    return true
  }
}

test('a screen of VNC is reached by its child', async () => {
  const server = createServer((socket) => socket.end('RFB 003.008\n')).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await using vnc = await serve(new Screen({ tcp: new TcpNetwork({ host: '127.0.0.1', port }) }), {
    client: VncServerClient,
  })
  expect(await vnc.defaultEncrypt()).toBe(true)
  const stream = await vnc.connect()
  expect(String((await once(stream, 'data'))[0])).toBe('RFB 003.008\n')
  stream.destroy()
})

test('a client without the child that it needs tells what the exporter has in its place', async () => {
  await using none = await serve(new Screen({}), { client: VncServerClient })
  expect(() => none.tcp).toThrow(/no tcp at tcp, nor anything else/)
  await using other = await serve(new Screen({ tcp: new Outlet() }), { client: VncServerClient })
  expect(() => other.tcp).toThrow(/but jumpstarter_driver_snmp/)
})

class Iscsi extends Driver implements Implementation<typeof IscsiServer> {
  static readonly interface = IscsiServer
  override readonly children = { storage: new OpendalDriver({ scheme: 'memory' }) }
  readonly luns: IscsiLun[] = []
  start() {}
  stop() {}
  getHost() {
    return '192.0.2.1'
  }
  getPort() {
    return 3260
  }
  getTargetIqn() {
    return 'iqn.2024-06.dev.jumpstarter:target1'
  }
  addLun(name: string, path: string, sizeMb = 0, isBlock = false) {
    this.luns.push({ name, path, size: sizeMb * 2 ** 20, lun_id: this.luns.length, is_block: isBlock })
    return name
  }
  removeLun(name: string) {
    const index = this.luns.findIndex((lun) => lun.name === name)
    if (index >= 0) this.luns.splice(index, 1)
  }
  listLuns() {
    return this.luns
  }
  clearAllLuns() {
    this.luns.length = 0
  }
  decompress() {}
}

test('an iSCSI server offers an image as a disk', async () => {
  await using iscsi = await serve(new Iscsi(), { client: IscsiServerClient })
  await iscsi.start()
  const image = randomBytes(1_500_000)
  expect(await iscsi.serveImage('root', gzipSync(image), { encoding: 'gzip' })).toMatch(/^iqn\./)
  expect(await iscsi.listLuns()).toEqual([
    { name: 'root', path: 'root.img', size: 2 * 2 ** 20, lun_id: 0, is_block: false },
  ])
  expect(await iscsi.storage.hash('root.img')).toBe(createHash('sha256').update(image).digest('hex'))
  await iscsi.addLun('disk', '/dev/sdz', { isBlock: true })
  await iscsi.removeLun('root')
  expect((await iscsi.listLuns()).map(({ name, is_block: isBlock }) => [name, isBlock])).toEqual([['disk', true]])
  await iscsi.clearAllLuns()
  expect(await iscsi.listLuns()).toEqual([])
  expect(await iscsi.host()).toBe('192.0.2.1')
})

class Camera extends EchoNetwork {
  static override readonly interface = Video as never
  snapshot() {
    return Buffer.from([0xff, 0xd8, 0xff]).toString('base64')
  }
  state() {
    return { online: true, width: 640, height: 480, fps: null }
  }
  streamPath() {
    return '/stream'
  }
}

test('a camera takes a picture', async () => {
  await using camera = await serve(new Camera(), { client: VideoClient })
  expect(await camera.snapshot()).toEqual(Buffer.from([0xff, 0xd8, 0xff]))
  expect(await camera.state()).toEqual({ online: true, width: 640, height: 480, fps: null })
  expect(await camera.streamPath()).toBe('/stream')
})

class Streamer extends EchoNetwork {
  static override readonly interface = Ustreamer as never
  snapshot() {
    return Buffer.from('jpeg').toString('base64')
  }
}

test('µStreamer takes a picture', async () => {
  await using camera = await serve(new Streamer(), { client: UstreamerClient })
  expect((await camera.snapshot()).toString()).toBe('jpeg')
})
