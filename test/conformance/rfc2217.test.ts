import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { execa } from 'execa'
import { beforeEach, describe, expect, test } from 'vitest'

import { hasPythonEnvironment, pythonProgram } from '../../scripts/python-environment.ts'
import { pause } from '../../src/base/pause.ts'
import { NetworkClient, SerialClient } from '../../src/clients/index.ts'
import { describeNetwork, describeSerial } from '../../src/conformance/index.ts'
import { PySerial, type PySerialConfig, Rfc2217Network } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import type { ModemLines } from '../../src/interfaces/index.ts'
import { startEchoPty } from '../support/echo-pty.ts'
import { createPtyPair } from '../support/pty-pair.ts'
import { missingCommand, needsCommand, skipMissing } from '../support/system-part.ts'
import { startSer2net } from './support/ser2net.ts'

/** All values of a byte, and those that telnet escapes, often. */
const bytes = Buffer.concat([
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  Buffer.alloc(64, 255),
  Buffer.from('\r\n\r\0\0\r'),
  randomBytes(16_384),
])
const serveSerial = (config: PySerialConfig) => serve(new PySerial(config), { client: SerialClient })

async function readDevice(device: Awaited<ReturnType<typeof createPtyPair>>['device'], length: number) {
  let got = Buffer.alloc(0)
  while (got.length < length) {
    const { buffer, bytesRead } = await device.read(Buffer.alloc(length))
    got = Buffer.concat([got, buffer.subarray(0, bytesRead)])
  }
  return got
}

async function read(stream: Duplex, length: number) {
  let got = Buffer.alloc(0)
  while (got.length < length) {
    const chunk = stream.read() as Buffer | null
    if (chunk === null) await once(stream, 'readable')
    else got = Buffer.concat([got, chunk])
  }
  return got
}

/** The settings of a pseudo terminal, as stty prints them. */
const settingsOf = async (path: string) => (await execa('stty', ['-F', path, '-a'])).stdout

const noLines = 'a pseudo terminal has no control lines'

describeSerial(
  'PySerial',
  async () => {
    const pty = await startEchoPty()
    const server = await startSer2net(pty.path, 'telnet(rfc2217)')
    return {
      driver: new PySerial({ url: server.url }),
      interrupt: () => server.kill(),
      restore: () => server.restart(),
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]()
        await pty[Symbol.asyncDispose]()
      },
    }
  },
  {
    against: 'ser2net, a pseudo terminal',
    lacks: { setDtr: noLines, setRts: noLines },
    // ser2net and socat take ten seconds for 10 MiB.
    echo: { totalBytes: 1024 * 1024 },
    skip: missingCommand('socat', 'ser2net'),
  },
)

const createNetwork = async () => {
  const pty = await startEchoPty()
  return { ...pty, driver: new Rfc2217Network({}, { serial: new PySerial({ url: pty.path }) }) }
}
const againstPty = { against: 'a pseudo terminal of socat', skip: missingCommand('socat') }

describeNetwork('Rfc2217Network', createNetwork, {
  ...againstPty,
  lacks: { address: 'nothing listens on the exporter', echo: 'the bytes are those of RFC 2217' },
})

describeSerial(
  'Rfc2217Network',
  async () => {
    const { driver, ...pty } = await createNetwork()
    const network = await serve(driver, { client: NetworkClient })
    const forward = await network.forwardTcp({ onError: () => undefined })
    return {
      ...pty,
      driver: new PySerial({ url: `rfc2217://${forward.address}` }),
      async [Symbol.asyncDispose]() {
        await forward[Symbol.asyncDispose]()
        await network[Symbol.asyncDispose]()
        await pty[Symbol.asyncDispose]()
      },
    }
  },
  { ...againstPty, lacks: { setDtr: noLines, setRts: noLines }, echo: { totalBytes: 1024 * 1024 } },
)

// At once, because two tests wait for the end of a time limit.
describe('PySerial with the port of ser2net', { concurrent: true }, () => {
  beforeEach(({ skip }) => {
    needsCommand('socat', skip)
    needsCommand('ser2net', skip)
  })

  test('carries every byte both ways, with the settings of the config', async () => {
    await using pair = await createPtyPair()
    await using server = await startSer2net(pair.port, 'telnet(rfc2217)')
    await using serial = await serveSerial({ url: server.url, baudrate: 9600, stop_bits: 2 })
    const stream = await serial.connect()
    const settings = await settingsOf(pair.port)
    expect(settings).toContain('speed 9600 baud')
    expect(settings).toMatch(/[^-]cstopb/)
    stream.write(bytes)
    expect((await readDevice(pair.device, bytes.length)).equals(bytes)).toBe(true)
    await pair.device.write(bytes)
    expect((await read(stream, bytes.length)).equals(bytes)).toBe(true)
  })

  test('says that a control line has no answer, and goes on', async () => {
    await using pair = await createPtyPair()
    await using server = await startSer2net(pair.port, 'telnet(rfc2217)')
    await using serial = await serveSerial({ url: server.url })
    const stream = await serial.connect()
    await expect(serial.setDtr(false)).rejects.toMatchObject({
      code: 'DEVICE_IO',
      message: expect.stringContaining(`${server.url} does not answer SET-CONTROL for dtr within 3000 ms`),
    })
    await pair.device.write('on')
    expect(String(await read(stream, 2))).toBe('on')
  })

  test('is a console that comes back with the server', async () => {
    await using pair = await createPtyPair()
    await using server = await startSer2net(pair.port, 'telnet(rfc2217)')
    await using serial = await serveSerial({ url: server.url })
    await serial.attach()
    const log = serial.reader()
    const found = serial.expect('after', { timeoutMs: 30_000 })
    await server.kill()
    // Until the console has seen the end of the connection, it types into that one, and the text is lost.
    await log.expect('the device is away')
    await server.restart()
    await log.expect('the device is back')
    const typed = serial.sendLine('go')
    expect(String(await readDevice(pair.device, 3))).toBe('go\r')
    await typed
    await pair.device.write('after')
    await found
  })

  test.each([
    ['telnet', 'speaks telnet and refuses RFC 2217'],
    ['', 'does not answer as a telnet server. If the port carries raw bytes, its URL is socket://127.0.0.1:'],
  ])('names the protocol of a port that is served as "%s"', async (protocol, message) => {
    await using pair = await createPtyPair()
    await using server = await startSer2net(pair.port, protocol)
    await using serial = await serveSerial({ url: server.url })
    await expect(serial.connect()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining(message),
    })
  })
})

describe('Rfc2217Network with pyserial', () => {
  beforeEach(({ skip }) => {
    needsCommand('socat', skip)
    if (!hasPythonEnvironment()) skipMissing("Jumpstarter's Python", skip)
  })

  test('serves a port with its bytes, its baud rate and its lines', async () => {
    await using pair = await createPtyPair()
    await using network = await serve(new Rfc2217Network({}, { serial: new PySerial({ url: pair.port }) }), {
      client: NetworkClient,
    })
    await using forward = await network.forwardTcp()
    const program = `
import serial, sys
port = serial.serial_for_url('rfc2217://${forward.address}', baudrate=9600, timeout=20)
print('open', flush=True)
sys.stdin.readline()
port.baudrate = 57600
port.dtr = False
port.rts = False
port.break_condition = True
port.break_condition = False
data = bytes.fromhex(sys.stdin.readline())
port.write(data)
got = port.read(len(data))
print('same' if got == data else repr(got), flush=True)
sys.stdin.readline()
try:
    port.bytesize = 7
except ValueError as error:
    print(error)
port.close()
`
    const python = execa(pythonProgram('python'), ['-c', program])
    const lines = python[Symbol.asyncIterator]()
    expect((await lines.next()).value).toBe('open')
    expect(await settingsOf(pair.port)).toContain('speed 9600 baud')
    python.stdin.write(`\n${bytes.toString('hex')}\n`)
    expect((await readDevice(pair.device, bytes.length)).equals(bytes)).toBe(true)
    expect(await settingsOf(pair.port)).toContain('speed 57600 baud')
    await pair.device.write(bytes)
    expect((await lines.next()).value).toBe('same')
    python.stdin.write('\n')
    // A pseudo terminal, and any port that is open, keeps its data bits.
    expect((await lines.next()).value).toContain('remote rejected value')
    await python
  })

  test('tells the lines of the other side, and their changes', async () => {
    let lines: ModemLines = { cts: true, dsr: false, cd: true }
    let looks = 0
    /** A pseudo terminal, which has no such lines, with those of the test. The first look takes longer than pyserial's opening. */
    class PortWithLines extends PySerial {
      override async modemLines() {
        if (looks++ === 0) await pause(400)
        return lines
      }
    }
    await using pair = await createPtyPair()
    await using network = await serve(new Rfc2217Network({}, { serial: new PortWithLines({ url: pair.port }) }), {
      client: NetworkClient,
    })
    await using forward = await network.forwardTcp()
    const program = `
import serial, sys, time
for option in ('', '?poll_modem'):
    port = serial.serial_for_url('rfc2217://${forward.address}' + option)
    for wanted in ((True, False, True, False), (False, True, False, True)):
        limit = time.monotonic() + 10
        while True:
            lines = (port.cts, port.dsr, port.cd, port.ri)
            if lines == wanted or time.monotonic() > limit: break
            time.sleep(0.02)
        print(lines, flush=True)
        sys.stdin.readline()
    port.close()
`
    const python = execa(pythonProgram('python'), ['-c', program])
    const printed = python[Symbol.asyncIterator]()
    for (let option = 0; option < 2; option++) {
      expect((await printed.next()).value).toBe('(True, False, True, False)')
      lines = { cts: false, dsr: true, cd: false, ri: true }
      python.stdin.write('\n')
      expect((await printed.next()).value).toBe('(False, True, False, True)')
      lines = { cts: true, dsr: false, cd: true }
      python.stdin.write('\n')
    }
    await python
  })

  test('leaves the port to its other users, with its old settings', async () => {
    await using pair = await createPtyPair()
    const port = new PySerial({ url: pair.port })
    await using board = await serve(new Rfc2217Network({}, { serial: port }), { client: NetworkClient })
    const serial = board.children['serial'] as SerialClient
    const stream = await serial.connect()
    await using forward = await board.forwardTcp()
    const program = `
import serial, sys
port = serial.serial_for_url('rfc2217://${forward.address}', baudrate=9600)
port.write(b'from pyserial')
# A close does not wait for what has been written.
sys.stdin.readline()
port.close()
`
    const python = execa(pythonProgram('python'), ['-c', program])
    expect(String(await readDevice(pair.device, 13))).toBe('from pyserial')
    python.stdin.end('\n')
    await python
    await expect.poll(() => settingsOf(pair.port), { timeout: 10_000 }).toContain('speed 115200 baud')
    await pair.device.write('still here')
    expect(String(await read(stream, 10))).toBe('still here')
  })
})
