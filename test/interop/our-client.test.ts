import { once } from 'node:events'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest'

import {
  type CompositeClient,
  connect,
  type Connection,
  DigitalInputClient,
  DigitalOutputClient,
  type DriverClient,
  FlasherClient,
  HttpServerClient,
  NetworkClient,
  OpendalClient,
  PowerClient,
  QemuClient,
  SerialClient,
  ShellClient,
  StorageMuxClient,
  StorageMuxFlasherClient,
  TftpServerClient,
  VirtualPowerClient,
} from '../../src/clients/index.ts'
import { SnmpPowerClient } from '../../src/clients/drivers/snmp-power-client.ts'
import { writeExporterFile } from './support/exporter-file.ts'
import { type RunningExporter, startTheirs, transports } from './support/exporters.ts'
import { contentEncoding, encodings, makeImage, readImage, sha256 } from './support/images.ts'
import { defineCell } from './support/matrix.ts'
import { pythonMissing } from './support/python.ts'
import { useSurroundings } from './support/use-surroundings.ts'

/** What a stream gives until it has given as much as is expected. */
async function read(stream: Duplex, length: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let got = 0
  while (got < length) {
    const chunk = stream.read() as Buffer | null
    if (chunk === null) await once(stream, 'readable', { signal: AbortSignal.timeout(20_000) })
    else got += chunks.push(chunk) && chunk.length
  }
  return Buffer.concat(chunks)
}

/** What is at a URL, as a program gets it that is neither theirs nor ours. */
async function fetchFile(url: string): Promise<Buffer> {
  const { stdout } = await execa('curl', ['--silent', '--show-error', '--fail', '--max-time', '30', url], {
    encoding: 'buffer',
  })
  return Buffer.from(stdout)
}

async function expectEcho(stream: Duplex, data: Buffer): Promise<void> {
  stream.write(data)
  expect(sha256(await read(stream, data.length))).toBe(sha256(data))
  stream.destroy()
}

/** Sends data to a local port or socket, and its end. @returns what comes back until the other side ends */
async function sendThrough(where: number | string, data: Buffer): Promise<Buffer> {
  const options = typeof where === 'number' ? { host: '127.0.0.1', port: where } : { path: where }
  const socket = createConnection({ ...options, allowHalfOpen: true, timeout: 20_000 })
  socket.on('timeout', () => socket.destroy(new Error(`${where}: nothing has come for 20 s`)))
  socket.end(data)
  return Buffer.concat(await socket.toArray())
}

const powerPeers = [
  ['relay', 'Power, relay with HTTP', PowerClient],
  ['plug', 'Power, plug with Tasmota', PowerClient],
  ['outlet', 'Power, outlet with SNMP', SnmpPowerClient],
] as const

const missing = pythonMissing()

describe.skipIf(missing !== undefined)(
  `our client on their exporter${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    const shared = useSurroundings({ withPowerPeers: true })

    test('forwarded ports and sockets', async () => {
      await using exporter = await startTheirs(
        writeExporterFile(shared.surroundings, 'theirs'),
        'TCP with TLS and passphrase',
        shared.certificates,
      )
      const { address, ...security } = exporter.endpoint
      const connection = await connect(address, security)
      const data = Buffer.alloc(1024 * 1024, 'through their exporter and back ')
      const { tcp, socket } = connection.root.children as Readonly<Record<string, NetworkClient>>
      for (const network of [tcp, socket]) {
        await using port = await network?.forwardTcp()
        await using path = await network?.forwardUnix()
        const both = [port?.port ?? 0, path?.path ?? ''].map((where) =>
          // Two at once on each, as programs that use a port do; the end comes back too.
          Promise.all([sendThrough(where, data), sendThrough(where, data)]),
        )
        for (const received of (await Promise.all(both)).flat()) expect(sha256(received)).toBe(sha256(data))
      }
      connection.close()
    })

    describe.each(transports)('over %s', (transport) => {
      const direction = 'our client, their exporter'
      const cell = (name: string, run: (context: TestContext) => Promise<void>) =>
        defineCell({ interface: name, direction, transport }, run)
      let exporter: RunningExporter
      let connection: Connection

      beforeAll(async () => {
        exporter = await startTheirs(writeExporterFile(shared.surroundings, 'theirs'), transport, shared.certificates)
        const { address, ...security } = exporter.endpoint
        connection = await connect(address, { ...security, name: 'theirs' })
      })
      afterAll(async () => {
        connection.close()
        await exporter[Symbol.asyncDispose]()
      })

      /** The client of a driver, which has to be of the class that upstream's label stands for. */
      function find<Client extends DriverClient>(path: string, Class: new (...args: never[]) => Client): Client {
        const client = path
          .split('.')
          .reduce<DriverClient | undefined>((at, name) => at?.children[name], connection.root)
        expect(client).toBeInstanceOf(Class)
        return client as Client
      }

      cell('Power', async () => {
        const power = find('power', PowerClient)
        await power.on()
        await power.off()
        await power.cycle({ offMs: 1 })
        expect(await Array.fromAsync(power.read())).toEqual([
          { voltage: 0, current: 0 },
          { voltage: 5, current: 2 },
        ])
      })

      cell('Virtual power', async () => {
        const power = find('virtual', VirtualPowerClient)
        await power.on()
        await power.off({ destroy: true })
        expect(await Array.fromAsync(power.read())).toEqual([{ voltage: 3.3, current: 0.25 }])
      })

      describe.each(powerPeers)('a device: %s', (name, title, Class) => {
        cell(title, async ({ skip }) => {
          const peers = shared.powerPeers ?? skip('its daemon is not installed')
          const power = find(name, Class)
          await power.on()
          expect(peers.isOn(name)).toBe(true)
          if (name === 'relay') expect((await power.read().next()).value).toEqual({ voltage: 230.5, current: 0.25 })
          else await expect(power.read().next()).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
          await power.off()
          expect(peers.isOn(name)).toBe(false)
        })
      })

      cell('Composite trees with references', async () => {
        const root = connection.root as CompositeClient
        expect(Object.keys(root.children['bench']?.children ?? {})).toEqual(['supply', 'same', 'deeper'])
        await find('bench.same', PowerClient).on()
        const through = find('bench.deeper.through', PowerClient)
        expect(through.node.report.uuid).toBe(find('bench.supply', PowerClient).node.report.uuid)
        await through.on()
      })

      cell('Serial, loop://', async () => {
        const serial = find('loop', SerialClient)
        await serial.send('ping\r\npong\r\n')
        expect((await serial.expect(/^po(.)g$/)).captures).toEqual(['n'])
      })

      cell('Serial, a pseudo terminal', async () => {
        const serial = find('serial', SerialClient)
        await serial.attach()
        await serial.sendLine('version')
        await serial.expect('version\r')
      })

      cell('Network, TCP', async () => {
        const tcp = find('tcp', NetworkClient)
        expect(await tcp.address()).toBe(`tcp://127.0.0.1:${shared.surroundings.tcpPort}`)
        const stream = await tcp.connect()
        stream.end('the end comes back too')
        expect(Buffer.concat(await stream.toArray()).toString()).toBe('the end comes back too')
        await expect(find('hidden', NetworkClient).address()).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
      })

      cell('Network, UDP', async () => {
        const udp = find('udp', NetworkClient)
        expect(await udp.address()).toBe(`udp://127.0.0.1:${shared.surroundings.udpPort}`)
        const stream = await udp.connect()
        stream.write('one')
        expect(String(await read(stream, 3))).toBe('one')
        stream.write(Buffer.alloc(1400, 1))
        expect(await read(stream, 1400)).toHaveLength(1400)
        stream.destroy()
      })

      cell('Network, unix socket', async () => {
        await expectEcho(await find('socket', NetworkClient).connect(), Buffer.from('hello'))
      })

      cell('Byte streams, 4 MiB both ways at once', async () => {
        const data = Buffer.alloc(4 * 1024 * 1024, 'all that goes in comes out ')
        await expectEcho(await find('bench.deeper.echo', NetworkClient).connect(), data)
      })

      cell('Shell', async () => {
        const shell = find('shell', ShellClient)
        expect(await shell.methods()).toEqual(['greet', 'fast', 'slow'])
        const greeted = await shell.run('greet', { args: ['you'], env: { WHO: 'me' } })
        expect(greeted).toEqual({ stdout: 'hello you\n', stderr: 'me\n', exitCode: 3 })
        expect(await shell.run('slow')).toMatchObject({ exitCode: 199 })
        await expect(shell.run('nothing')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
      })

      cell('Storage (OpenDAL)', async () => {
        const storage = find('storage', OpendalClient)
        const [folder, data] = [`from-us-${transports.indexOf(transport)}`, Buffer.alloc(300_000, 'x')]
        await storage.createDir(`${folder}/`)
        await storage.writeBytes(`${folder}/a.bin`, data)
        expect(sha256(await storage.readBytes(`${folder}/a.bin`))).toBe(sha256(data))
        expect(await storage.hash(`${folder}/a.bin`)).toBe(sha256(data))
        expect(await storage.stat(`${folder}/a.bin`)).toMatchObject({ isFile: true, contentLength: data.length })
        await storage.copy(`${folder}/a.bin`, `${folder}/b.bin`)
        await storage.rename(`${folder}/b.bin`, `${folder}/c.bin`)
        expect(await storage.exists(`${folder}/b.bin`)).toBe(false)
        expect((await Array.fromAsync(storage.list(`${folder}/`))).toSorted()).toEqual(
          expect.arrayContaining([`${folder}/a.bin`, `${folder}/c.bin`]),
        )
        expect((await storage.capability()).write).toBe(true)
        await storage.delete(`${folder}/c.bin`)
        await storage.removeAll(`${folder}/`)
        expect(await storage.exists(`${folder}/a.bin`)).toBe(false)
      })

      cell('TFTP server', async () => {
        const tftp = find('tftp', TftpServerClient)
        const data = Buffer.alloc(300_000, 'tftp')
        await tftp.storage.writeBytes('image', data)
        await tftp.start()
        expect([await tftp.host(), await tftp.port()]).toEqual(['127.0.0.1', shared.surroundings.tftpPort])
        expect(sha256(await fetchFile(`tftp://127.0.0.1:${shared.surroundings.tftpPort}/image`))).toBe(sha256(data))
        await tftp.stop()
      })

      cell('HTTP server', async () => {
        const http = find('http', HttpServerClient)
        const data = Buffer.alloc(300_000, 'http')
        await http.start()
        expect([await http.host(), await http.port()]).toEqual(['127.0.0.1', shared.surroundings.httpPort])
        const url = await http.putFile('image', data)
        expect(String(url)).toBe(`http://127.0.0.1:${shared.surroundings.httpPort}/image`)
        expect(sha256(await fetchFile(String(url)))).toBe(sha256(data))
        await http.stop()
      })

      cell('QEMU', async () => {
        const qemu = find('qemu', QemuClient)
        expect(await qemu.hostname()).toBe('board')
        await qemu.setMemorySize('128M')
        await find('qemu.flasher', FlasherClient).flash(Buffer.alloc(1024 * 1024, 'disk'), { target: 'root' })
        const [power, console] = [find('qemu.power', PowerClient), find('qemu.console', SerialClient)]
        await power.on()
        // Theirs loses what comes before the port is opened, and the prompt is there sooner or later.
        const shell = await console.shell('uboot')
        expect(await shell.runOrThrow('bdinfo')).toMatch(/size\s+= 0x0*8000000\b/)
        await power.off()
      })

      describe.each(encodings)('a file that is compressed with %s', (encoding) => {
        cell(`Flasher, ${encoding}`, async () => {
          const hashing = find('hashing', FlasherClient) as DriverClient
          const image = await makeImage(shared.surroundings.folder, 1_000_003, encoding)
          await find('hashing', FlasherClient).flash(image.path, { encoding: contentEncoding(encoding) })
          expect(await hashing.call('flashed')).toEqual({ sha256: image.sha256, length: image.length })
        })
      })

      cell('Flasher, dump', async () => {
        const flasher = find('flasher', FlasherClient)
        const image = await makeImage(shared.surroundings.folder, 1_000_003, 'none')
        await flasher.flash(image.path, { target: 'rootfs' })
        const dumped = join(shared.surroundings.folder, 'dumped')
        await flasher.dump(dumped, { target: 'rootfs' })
        expect(sha256(await readImage(dumped, 'none'))).toBe(image.sha256)
      })

      describe.each(encodings.filter((encoding) => encoding !== 'none'))('a dump compressed with %s', (encoding) => {
        const unsupported =
          "Jumpstarter's exporter does not flush its compressor (0.9.0), so that the file is cut short, for its own clients too. Dump without compression."
        defineCell(
          { interface: `Flasher, dump compressed with ${encoding}`, direction, transport, unsupported },
          async () => {
            const flasher = find('flasher', FlasherClient)
            const image = await makeImage(shared.surroundings.folder, 1_000_003, 'none')
            await flasher.flash(image.path, { target: encoding })
            const dumped = join(shared.surroundings.folder, `dumped-${encoding}`)
            await flasher.dump(dumped, { target: encoding, encoding })
            await expect(readImage(dumped, encoding)).rejects.toThrow(/end of file|ends unexpectedly|unexpected end/i)
          },
        )
      })

      cell('Storage multiplexer', async () => {
        const mux = find('mux', StorageMuxClient)
        await mux.host()
        await mux.write(Buffer.from('an image'))
        await mux.read(join(shared.surroundings.folder, 'mux.img'))
        expect(String(await readImage(join(shared.surroundings.folder, 'mux.img'), 'none'))).toBe('an image')
        await mux.dut()
        await mux.off()
      })

      cell('Storage multiplexer that flashes', async () => {
        const card = find('card', StorageMuxFlasherClient)
        await card.flash(Buffer.from('another image'))
        await card.dump(join(shared.surroundings.folder, 'card.img'))
        expect(String(await readImage(join(shared.surroundings.folder, 'card.img'), 'none'))).toBe('another image')
      })

      cell('Digital output', async () => {
        const pin = find('output', DigitalOutputClient)
        await pin.on()
        expect(await pin.read()).toBe(true)
        await pin.off()
        expect(await pin.read()).toBe(false)
      })

      cell('Digital input', async () => {
        const pin = find('input', DigitalInputClient)
        expect(await pin.read()).toBe(true)
        await pin.waitForActive()
        await expect(pin.waitForEdge('falling', { timeoutMs: 50 })).rejects.toMatchObject({
          code: 'CALL_TIMEOUT',
          message: expect.stringContaining('no falling edge'),
        })
      })

      cell('Values, and errors of drivers', async () => {
        const probe = connection.root.children['probe'] as DriverClient
        const value = { a: [1, 2.5, 'ü', null, true], b: { c: {} } }
        expect(await probe.call('echo', value)).toEqual(value)
        await expect(probe.call('fail', 'ValueError', 'no such thing')).rejects.toMatchObject({
          code: 'ARGUMENT_INVALID',
          message: 'probe.fail: no such thing',
        })
      })

      cell('Descriptions', async () => {
        const { node, description } = find('power', PowerClient)
        expect(description).toBe('Power of the board under test')
        expect(node.report.methodsDescription).toMatchObject({ on: 'Let there be power', cycle: 'Off and on again' })
        expect(find('shell', ShellClient).node.report.methodsDescription).toEqual({ greet: 'Greet somebody' })
      })

      cell('Log', async () => {
        const { address, ...security } = exporter.endpoint
        const reader = await connect(address, security)
        const limit = new AbortController()
        const lines: string[] = []
        const seen = (async () => {
          for await (const { message } of reader.channel.logs({ signal: limit.signal })) {
            lines.push(message)
            if (message.includes('over and out')) return
          }
        })()
        await (connection.root.children['probe'] as DriverClient).call('say', 'over and out')
        const timer = setTimeout(() => limit.abort(new Error(`only ${lines.join('\n')}`)), 20_000)
        await seen.finally(() => clearTimeout(timer))
        reader.close()
      })
    })
  },
)
