import { fileURLToPath } from 'node:url'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest'

import { writeExporterFile } from './support/exporter-file.ts'
import { type RunningExporter, startOurs, transports } from './support/exporters.ts'
import { encodings, makeImage, readImage, sha256 } from './support/images.ts'
import { defineCell } from './support/matrix.ts'
import { pythonProgram } from '../../scripts/python-environment.ts'
import { clientVariables, PythonClient, PythonError, pythonMissing } from './support/python.ts'
import { useSurroundings } from './support/use-surroundings.ts'

const powerPeers = [
  ['relay', 'Power, relay with HTTP'],
  ['plug', 'Power, plug with Tasmota'],
  ['outlet', 'Power, outlet with SNMP'],
] as const

const missing = pythonMissing()
const firmware = fileURLToPath(new URL('../../examples/microcontroller/firmware/firmware.hex', import.meta.url))

describe.skipIf(missing !== undefined)(
  `their client on our exporter${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    const shared = useSurroundings({ withPowerPeers: true })

    describe.each(transports)('over %s', (transport) => {
      const cell = (name: string, run: (context: TestContext) => Promise<void>) =>
        defineCell({ interface: name, direction: 'their client, our exporter', transport }, run)
      let exporter: RunningExporter
      let python: PythonClient
      const caFile = () => (transport.startsWith('TCP with TLS') ? shared.certificates.caFile : undefined)
      /** A program of theirs, as a user runs it in a shell of the exporter. */
      const run = (program: string, ...args: string[]) =>
        execa(pythonProgram(program), args, {
          env: clientVariables(exporter.endpoint, caFile()),
          extendEnv: false,
          all: true,
        })

      beforeAll(async () => {
        exporter = await startOurs(writeExporterFile(shared.surroundings, 'ours'), transport, shared.certificates)
        python = await PythonClient.connect(exporter.endpoint, caFile())
      })
      afterAll(async () => {
        await python[Symbol.asyncDispose]()
        await exporter[Symbol.asyncDispose]()
      })

      cell('Power', async () => {
        const code = `
client.power.on()
client.power.cycle(wait=0)
result = [[type(r).__name__, r.voltage, r.current, type(r.voltage).__name__] for r in client.power.read()]`
        expect(await python.run(code)).toEqual([
          ['PowerReading', 0, 0, 'float'],
          ['PowerReading', 5, 2, 'float'],
        ])
      })

      describe.each(powerPeers)('a device: %s', (name, title) => {
        cell(title, async ({ skip }) => {
          const peers = shared.powerPeers ?? skip('its daemon is not installed')
          expect(await python.run(`client.${name}.on(); result = type(client.${name}).__name__`)).toBe(
            name === 'outlet' ? 'SNMPServerClient' : 'PowerClient',
          )
          expect(peers.isOn(name)).toBe(true)
          const reading = `result = [[r.voltage, r.current] for r in client.${name}.read()]`
          if (name === 'relay') expect(await python.run(reading)).toEqual([[230.5, 0.25]])
          else await expect(python.run(reading)).rejects.toThrow(PythonError)
          await python.run(`client.${name}.off(); result = 1`)
          expect(peers.isOn(name)).toBe(false)
        })
      })

      cell('Virtual power', async () => {
        expect(await python.run('client.board.power.off(destroy=True); client.board.power.off(); result = 1')).toBe(1)
      })

      cell('Composite trees with references', async () => {
        const code = `
client.bench.same.on()
client.bench.deeper.through.on()
result = [list(client.bench.children), str(client.bench.deeper.through.uuid) == str(client.bench.supply.uuid)]`
        expect(await python.run(code)).toEqual([['supply', 'same', 'deeper'], true])
      })

      cell('Serial, loop://', async () => {
        const code = `
with client.loop.pexpect() as console:
    console.send(b"ping\\r\\npong\\r\\n")
    console.expect(rb"po(.)g", timeout=20)
    result = console.match.group(1).decode()`
        expect(await python.run(code)).toBe('n')
      })

      cell('Serial, a pseudo terminal', async () => {
        const code = `
with client.serial.pexpect() as console:
    console.send(b"version\\r")
    console.expect_exact(b"version\\r", timeout=20)
client.serial.close()
result = "closed"`
        expect(await python.run(code)).toBe('closed')
      })

      cell('Network, TCP', async () => {
        const code = `
import socket
from jumpstarter_driver_network.adapters import TcpPortforwardAdapter
from jumpstarter.client.core import DriverInvalidArgument
with TcpPortforwardAdapter(client=client.tcp) as address:
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(b"the end comes back too")
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(4096):
            received += chunk
try:
    client.hidden.address()
except DriverInvalidArgument as error:
    refused = True
result = [client.tcp.address(), received.decode(), refused]`
        const expected = [`tcp://127.0.0.1:${shared.surroundings.tcpPort}`, 'the end comes back too', true]
        expect(await python.run(code)).toEqual(expected)
      })

      cell('Network, UDP', async () => {
        const code = `
with client.udp.stream() as stream:
    stream.send(b"one")
    first = stream.receive()
    stream.send(bytes(1400))
    second = stream.receive()
result = [client.udp.address(), first.decode(), len(second)]`
        expect(await python.run(code)).toEqual([`udp://127.0.0.1:${shared.surroundings.udpPort}`, 'one', 1400])
      })

      cell('Network, unix socket', async () => {
        const code = `
import socket
from jumpstarter_driver_network.adapters import UnixPortforwardAdapter
with UnixPortforwardAdapter(client=client.socket) as path:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(path))
        connection.sendall(b"hello")
        result = connection.recv(5).decode()`
        expect(await python.run(code)).toBe('hello')
      })

      cell('Byte streams, 4 MiB both ways at once', async () => {
        const code = `
import hashlib, threading
data = b"all that goes in comes out " * 155345
received, lengths = hashlib.sha256(), 0
with client.bench.deeper.echo.stream() as stream:
    def send():
        for start in range(0, len(data), 65536):
            stream.send(data[start:start + 65536])
    sender = threading.Thread(target=send)
    sender.start()
    while lengths < len(data):
        chunk = stream.receive()
        received.update(chunk)
        lengths += len(chunk)
    sender.join()
result = received.hexdigest() == hashlib.sha256(data).hexdigest()`
        expect(await python.run(code)).toBe(true)
      })

      cell('TFTP server', async () => {
        const code = `
import hashlib, subprocess
data = b"tftp" * 75000
client.tftp.storage.write_bytes("image", data)
client.tftp.start()
url = f"tftp://{client.tftp.get_host()}:{int(client.tftp.get_port())}/image"
got = subprocess.run(["curl", "--silent", "--show-error", "--fail", "--max-time", "30", url], capture_output=True, check=True)
client.tftp.stop()
result = [url, hashlib.sha256(got.stdout).hexdigest() == hashlib.sha256(data).hexdigest()]`
        expect(await python.run(code)).toEqual([`tftp://127.0.0.1:${shared.surroundings.tftpPort}/image`, true])
      })

      cell('HTTP server', async () => {
        const code = `
import os, urllib.request
with open(path, "wb") as file:
    file.write(b"http" * 75000)
client.http.start()
url = client.http.put_file("image", os.path.abspath(path))
got = urllib.request.urlopen(url, timeout=30).read()
client.http.stop()
result = [url, client.http.get_port(), got == b"http" * 75000]`
        const { httpPort } = shared.surroundings
        const path = join(shared.surroundings.folder, 'http-source')
        expect(await python.run(code, { path })).toEqual([`http://127.0.0.1:${httpPort}/image`, httpPort, true])
      })

      cell('QEMU', async () => {
        const code = `
client.qemu.set_memory_size("128M")
with open(path, "wb") as file:
    file.write(b"disk" * 262144)
client.qemu.flasher.flash(path, target="root")
with client.qemu.console.pexpect() as console:
    client.qemu.power.on()
    console.expect_exact(b"Hit any key", timeout=60)
    console.send(b"\\r")
    console.expect_exact(b"\\n=> ", timeout=60)
    console.send(b"bdinfo\\r")
    console.expect(rb"size\\s+= 0x0*8000000", timeout=60)
    client.qemu.power.off()
result = [client.qemu.hostname, client.qemu.username]`
        const path = join(shared.surroundings.folder, 'disk.img')
        expect(await python.run(code, { path })).toEqual(['board', 'jumpstarter'])
      })

      cell('Shell', async () => {
        const code = `
chunks = list(client.shell.streamingcall("call_method", "greet", {"WHO": "me"}, "you"))
result = [
    list(client.shell.call("get_methods")),
    "".join(c[0] for c in chunks), "".join(c[1] for c in chunks), chunks[-1][2],
    client.shell.greet("you", WHO="me"), client.shell.fast(), client.shell.slow(),
]`
        expect(await python.run(code)).toEqual([['greet', 'fast', 'slow'], 'hello you\n', 'me\n', 3, 3, 0, 199])
      })

      cell('Storage (OpenDAL)', async () => {
        const folder = `from-python-${transports.indexOf(transport)}`
        const code = `
import hashlib, os
s, data = client.storage, b"x" * 300000
s.create_dir(folder + "/")
s.write_bytes(folder + "/a.bin", data)
assert s.read_bytes(folder + "/a.bin") == data
assert s.hash(folder + "/a.bin") == hashlib.sha256(data).hexdigest()
assert s.hash(folder + "/a.bin", "md5") == hashlib.md5(data).hexdigest()
stat = s.stat(folder + "/a.bin")
assert stat.content_length == len(data) and stat.mode.is_file() and not stat.mode.is_dir()
s.copy(folder + "/a.bin", folder + "/b.bin")
s.rename(folder + "/b.bin", folder + "/c.bin")
assert not s.exists(folder + "/b.bin")
listed = sorted(p for p in s.list(folder + "/") if p.endswith(".bin"))
scanned = sorted(p for p in s.scan(folder + "/") if p.endswith(".bin"))
s.write_from_path(folder + "/d.bin", here + "/ours.yaml")
s.read_into_path(folder + "/d.bin", here + "/read-back")
assert open(here + "/read-back", "rb").read() == open(here + "/ours.yaml", "rb").read()
with_file = s.open(folder + "/a.bin", "rb")
assert with_file.seek(299990) == 299990 and with_file.tell() == 299990 and with_file.read_bytes() == b"x" * 10
with_file.close()
capability = s.capability()
s.delete(folder + "/c.bin")
s.remove_all(folder + "/")
result = [listed, scanned, capability.write, s.exists(folder + "/a.bin")]`
        const files = [`${folder}/a.bin`, `${folder}/c.bin`]
        expect(await python.run(code, { folder, here: shared.surroundings.folder })).toEqual([
          files,
          files,
          true,
          false,
        ])
      })

      describe.each(encodings)('a file that is compressed with %s', (encoding) => {
        const compression = encoding === 'none' ? null : encoding
        cell(`Flasher, ${encoding}`, async () => {
          const image = await makeImage(shared.surroundings.folder, 1_000_003, encoding)
          const code = 'client.hashing.flash(path, compression=compression); result = client.hashing.call("flashed")'
          const flashed = await python.run(code, { path: image.path, compression })
          expect(flashed).toEqual({ sha256: image.sha256, length: image.length })
        })

        cell(encoding === 'none' ? 'Flasher, dump' : `Flasher, dump compressed with ${encoding}`, async () => {
          const image = await makeImage(shared.surroundings.folder, 1_000_003, encoding)
          const dumped = join(shared.surroundings.folder, `dumped-${encoding}`)
          const code = `
client.flasher.flash(path, target="rootfs", compression=compression)
client.flasher.dump(dumped, target="rootfs", compression=compression)`
          await python.run(code, { path: image.path, dumped, compression })
          expect(sha256(await readImage(dumped, encoding))).toBe(image.sha256)
        })
      })

      cell('Storage multiplexer', async () => {
        const image = await makeImage(shared.surroundings.folder, 100_000, 'none')
        const code = `
client.mux.host()
client.mux.write_local_file(path)
client.mux.read_local_file(path + ".mux")
client.mux.dut()
client.mux.off()`
        await python.run(code, { path: image.path })
        expect(sha256(await readFile(`${image.path}.mux`))).toBe(image.sha256)
      })

      cell('Storage multiplexer that flashes', async () => {
        const image = await makeImage(shared.surroundings.folder, 100_000, 'none')
        await python.run('client.card.flash(path); client.card.dump(path + ".card")', { path: image.path })
        expect(sha256(await readFile(`${image.path}.card`))).toBe(image.sha256)
      })

      cell('Digital output', async () => {
        const code = `
pin = client.board.gpio.D2
pin.on()
high = str(pin.read())
pin.off()
result = [high, str(pin.read())]`
        expect(await python.run(code)).toEqual(['active', 'inactive'])
      })

      cell('Digital input', async () => {
        const code = `
board = client.board
board.flasher.flash(firmware)
board.power.on()
with board.console.pexpect() as console:
    console.send(b"led on\\r")
    board.gpio.D13.wait_for_active(20)
    lit = str(board.gpio.D13.read())
    console.send(b"led off\\r")
    board.gpio.D13.wait_for_inactive(20)
try:
    board.gpio.D13.wait_for_edge("rising", 0.05)
except Exception as error:
    raised = str(error)
board.power.off()
result = [lit, raised]`
        const [lit, raised] = await python.run<string[]>(code, { firmware })
        expect(lit).toBe('active')
        expect(raised).toContain('Pin D13 did not have a rising edge within 0.05 s')
      })

      cell('Values, and errors of drivers', async () => {
        const value = { a: [1, 2.5, 'ü', null, true], b: { c: {} } }
        expect(await python.run('result = client.probe.call("echo", value)', { value })).toEqual(value)
        const raised = await python
          .run('client.probe.call("fail", "ValueError", "no such thing")')
          .catch((e: unknown) => e)
        expect(raised).toBeInstanceOf(PythonError)
        expect(raised).toMatchObject({ message: expect.stringContaining('no such thing') })
        expect((raised as PythonError).classes).toContain('DriverInvalidArgument')
      })

      cell('Descriptions', async () => {
        const { stdout } = await run('j', 'power', '--help')
        expect(stdout).toContain('Power of the board under test')
        expect(stdout).toMatch(/^\s+on\s+Let there be power$/m)
        expect((await run('j', '--help')).stdout).toContain('power')
      })

      cell('Log', async () => {
        const code = `
import asyncio, logging
from jumpstarter_protocol import jumpstarter_pb2, jumpstarter_pb2_grpc
from google.protobuf import empty_pb2
async def follow():
    async for line in client.stub.LogStream(empty_pb2.Empty()):
        if "over and out" in line.message:
            return [line.severity, line.message]
async def both():
    readers = [asyncio.create_task(follow()) for _ in range(2)]
    await client.probe.call_async("say", "over and out")
    return await asyncio.wait_for(asyncio.gather(*readers), 20)
result = client.portal.call(both)`
        const line = ['WARNING', '[driver.Probe] over and out']
        expect(await python.run(code)).toEqual([line, line])
      })

      test('the command line of theirs', async () => {
        expect((await run('j', 'power', 'cycle', '--wait', '0')).exitCode).toBe(0)
        const { stdout } = await run('j', 'shell', 'greet', 'you').catch((error: { stdout: string }) => error)
        expect(stdout).toContain('hello you')
      })

      test('pytest with JumpstarterTest', async () => {
        const { all } = await run(
          'python',
          '-m',
          'pytest',
          '-q',
          '-p',
          'no:cacheprovider',
          join(import.meta.dirname, 'support', 'jumpstarter_test.py'),
        )
        expect(all).toContain('2 passed')
      })
    })
  },
)
