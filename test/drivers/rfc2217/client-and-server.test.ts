import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { pause } from '../../../src/base/pause.ts'
import { SerialClient } from '../../../src/clients/index.ts'
import { PySerial, type PySerialConfig, Rfc2217Network } from '../../../src/drivers/index.ts'
import { defaultLineSettings, type LineSettings } from '../../../src/drivers/serial/line-settings.ts'
import { answerOffset, comPort, comPortOption } from '../../../src/drivers/serial/rfc2217/com-port.ts'
import { ModemWatch } from '../../../src/drivers/serial/rfc2217/modem-watch.ts'
import type { ServedPort } from '../../../src/drivers/serial/rfc2217/server-commands.ts'
import { createRfc2217Session } from '../../../src/drivers/serial/rfc2217/session.ts'
import {
  telnet,
  TelnetDecoder,
  telnetNegotiation,
  telnetSubnegotiation,
} from '../../../src/drivers/serial/rfc2217/telnet.ts'
import { serve } from '../../../src/index.ts'
import type { ModemLines } from '../../../src/interfaces/index.ts'

/** A serial port that keeps its settings and lines, and echoes what it gets. It has no mark parity. */
class Uart implements ServedPort {
  settings: LineSettings = defaultLineSettings
  readonly changes: string[] = []
  stream: Duplex | undefined
  failure: Error | undefined
  inputs: ModemLines = { cts: true, dsr: false, cd: false }

  connect() {
    const stream: Duplex = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        stream.push(chunk)
        done()
      },
    })
    this.stream = stream
    return stream
  }

  async change({ parity, ...others }: Partial<LineSettings>) {
    this.settings = { ...this.settings, ...others, ...(parity === undefined || parity === 'mark' ? {} : { parity }) }
    return this.settings
  }

  setDtr(isOn: boolean) {
    this.#set('DTR', isOn)
  }

  setRts(isOn: boolean) {
    this.#set('RTS', isOn)
  }

  setBreak(isOn: boolean) {
    this.#set('break', isOn)
  }

  async modemLines() {
    if (this.failure !== undefined) throw this.failure
    return this.inputs
  }

  #set(line: string, isOn: boolean) {
    if (this.failure !== undefined) throw this.failure
    this.changes.push(`${line} ${isOn ? 'on' : 'off'}`)
  }
}

const sockets = new Set<Socket>()
const warnings: string[] = []
let uart = new Uart()
let answer = (socket: Socket): void => void socket
const server = createServer((socket) => {
  sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)))
  answer(socket)
})
let url = ''

beforeEach(async () => {
  uart = new Uart()
  warnings.length = 0
  answer = (socket) => {
    void createRfc2217Session(uart, (message) => warnings.push(message)).then((session) => {
      session.on('error', () => socket.destroy()).on('close', () => socket.destroy())
      socket.on('close', () => session.destroy())
      socket.pipe(session).pipe(socket)
    })
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `rfc2217://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  server.close()
  await once(server, 'close')
})

const serveSerial = (config: Omit<PySerialConfig, 'url'> = {}) =>
  serve(new PySerial({ url, ...config }), { client: SerialClient })

async function read(stream: Duplex, length: number) {
  let got = Buffer.alloc(0)
  while (got.length < length) {
    const chunk = stream.read() as Buffer | null
    if (chunk === null) await once(stream, 'readable')
    else got = Buffer.concat([got, chunk])
  }
  return got
}

test('the port has the settings of the config, its lines untouched, and its old settings at the end', async () => {
  await using serial = await serveSerial({ baudrate: 250_000, data_bits: 7, parity: 'even', stop_bits: 1.5 })
  const stream = await serial.connect()
  expect(uart.settings).toEqual({ baudRate: 250_000, dataBits: 7, parity: 'even', stopBits: 1.5 })
  expect(uart.changes).toEqual([])
  stream.destroy()
  await expect.poll(() => uart.settings, { timeout: 15_000 }).toEqual(defaultLineSettings)
})

test('a mebibyte of any bytes comes back', async () => {
  await using serial = await serveSerial()
  const stream = await serial.connect()
  const bytes = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, index) => (index * 7919) >> 3))
  stream.write(bytes)
  expect((await read(stream, bytes.length)).equals(bytes)).toBe(true)
})

test('lines are set in their order, and a break has an end', async () => {
  await using serial = await serveSerial()
  await serial.attach()
  await serial.setDtr(false)
  await serial.setRts(true)
  await serial.sendBreak(20)
  expect(uart.changes).toEqual(['DTR off', 'RTS on', 'break on', 'break off'])
  await expect(serial.sendBreak(0)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
})

test('the lines of the other side are read, as they are now', async () => {
  await using serial = await serveSerial()
  await serial.attach()
  expect(await serial.modemLines()).toEqual({ cts: true, dsr: false, cd: false, ri: false })
  uart.inputs = { cts: false, dsr: true, cd: true, ri: true }
  expect(await serial.modemLines()).toEqual(uart.inputs)
})

test('a port without lines of the other side has no answer', { timeout: 10_000 }, async () => {
  uart.failure = new Error('no ioctl')
  await using serial = await serveSerial()
  await expect(serial.modemLines()).rejects.toMatchObject({
    code: 'DEVICE_IO',
    message: expect.stringContaining(`${url} does not answer NOTIFY-MODEMSTATE within 3000 ms`),
  })
})

test('a client is told each change of a line that it wants to know, and which line it was', async () => {
  const told: number[] = []
  let lines: ModemLines = { cts: false, dsr: false, cd: false }
  const watch = new ModemWatch(
    async () => lines,
    (bits) => told.push(bits),
  )
  const controller = new AbortController()
  await watch.start(controller.signal)
  expect(told).toEqual([0])
  lines = { ...lines, cts: true, cd: true }
  await expect.poll(() => told.slice(1), { timeout: 10_000 }).toEqual([0x80 | 0x10 | 0x08 | 0x01])
  watch.mask = 0x20
  lines = { ...lines, cts: false }
  await watch.tell({ always: false })
  lines = { ...lines, dsr: true, ri: true }
  await expect.poll(() => told.slice(2), { timeout: 10_000 }).toEqual([0x20])
  controller.abort()
})

// pyserial sends no WILL when the server's DO comes before pyserial has begun to ask.
test.for([true, false])('a client knows the lines of a slow port at its first answer (WILL: %s)', async (sendsWill) => {
  uart.modemLines = async () => {
    await pause(50)
    return { cts: true, dsr: false, cd: true }
  }
  const session = await createRfc2217Session(uart, (message) => warnings.push(message))
  if (sendsWill) session.write(telnetNegotiation(telnet.will, comPortOption))
  session.write(telnetSubnegotiation(comPortOption, Uint8Array.of(comPort.signature)))
  const answers: (readonly (number | undefined)[])[] = []
  const decoder = new TelnetDecoder()
  const signature = comPort.signature + answerOffset
  for await (const bytes of session as AsyncIterable<Buffer>) {
    for (const part of decoder.push(bytes)) {
      if (part.kind === 'subnegotiation') answers.push([part.payload[0], part.payload[1]])
    }
    if (answers.some(([command]) => command === signature)) break
  }
  expect(answers).toEqual([
    [comPort.notifyModemState + answerOffset, 0x80 | 0x10],
    [signature, 'v'.charCodeAt(0)],
  ])
})

test('a break that its client leaves ends all the same', async () => {
  await using serial = await serveSerial()
  await serial.attach()
  const controller = new AbortController()
  const call = serial.with({ signal: controller.signal }).sendBreak(9_000)
  const failed = call.catch((error: unknown) => error)
  await expect.poll(() => uart.changes, { timeout: 15_000 }).toEqual(['break on'])
  controller.abort(new Error('enough'))
  expect(await failed).toMatchObject({ code: 'CALL_CANCELLED' })
  await expect.poll(() => uart.changes, { timeout: 15_000 }).toEqual(['break on', 'break off'])
})

test('a port without lines answers as if it had them, with a warning on its side', async () => {
  uart.failure = new Error('no ioctl')
  await using serial = await serveSerial()
  await serial.setDtr(false)
  expect(warnings).toEqual(['no ioctl'])
})

test('a setting that the port does not take is an error with both values', async () => {
  await using serial = await serveSerial({ parity: 'mark' })
  await expect(serial.connect()).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: expect.stringContaining(`${url} has other settings than asked: parity none instead of mark`),
  })
})

test('a port that goes away ends the stream with an error', async () => {
  await using serial = await serveSerial()
  const stream = await serial.connect()
  await expect.poll(() => uart.stream, { timeout: 15_000 }).toBeDefined()
  uart.stream?.destroy()
  await expect(buffer(stream)).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: expect.stringContaining(`Lost ${url}: the server has closed the connection`),
  })
})

describe('a server that', () => {
  test('is not there is no fault of the board', async () => {
    server.close()
    await once(server, 'close')
    await using serial = await serveSerial()
    await expect(serial.connect()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining(`Cannot connect to ${url}: connect ECONNREFUSED`),
    })
    server.listen(0, '127.0.0.1')
  })

  test('stops in mid-negotiation is an error', async () => {
    answer = (socket) => void socket.end(Buffer.of(255, 253, 0))
    await using serial = await serveSerial()
    await expect(serial.connect()).rejects.toThrow(`Lost ${url}: the server has closed the connection`)
  })

  test('echoes everything is no server of RFC 2217', async () => {
    answer = (socket) => void socket.pipe(socket)
    await using serial = await serveSerial()
    await expect(serial.connect()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      message: expect.stringContaining('refuses RFC 2217'),
    })
  })

  test('sends a subnegotiation without an end is left', async () => {
    answer = (socket) => void socket.write(Buffer.concat([Buffer.of(255, 250, 44), Buffer.alloc(5_000)]))
    await using serial = await serveSerial()
    await expect(serial.connect()).rejects.toThrow(
      `Cannot understand ${url}: the other side sends a telnet subnegotiation of more than 1024 bytes`,
    )
  })
})

test('a network without a port to serve does not start', async () => {
  await expect(serve(new Rfc2217Network())).rejects.toThrow('Rfc2217Network needs a child `serial`')
})
