import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { symlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { SerialClient } from '../../src/clients/index.ts'
import { PySerial, type PySerialConfig } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { createPtyPair } from '../support/pty-pair.ts'
import { needsCommand } from '../support/system-part.ts'

const mebibyte = randomBytes(1024 * 1024)
/** For what takes a moment, or a while on a busy machine. */
const patient = { timeout: 15_000 }

const serveSerial = (config: PySerialConfig) => serve(new PySerial(config), { client: SerialClient })

/** A client whose console does not wait for a device that goes away. */
class StrictClient extends SerialClient {
  constructor(node: SerialClient['node']) {
    super({ ...node, returnTimeoutMs: 0 })
  }
}

/** Reads until so much has come. */
async function read(stream: Duplex, length: number): Promise<string> {
  let got = Buffer.alloc(0)
  while (got.length < length) {
    const chunk = stream.read() as Buffer | null
    if (chunk === null) await once(stream, 'readable')
    else got = Buffer.concat([got, chunk])
  }
  return got.toString()
}

/** Reads all that comes before the error of a stream. */
async function readToFailure(stream: Duplex) {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of stream) chunks.push(chunk as Buffer)
  } catch (error) {
    return { got: Buffer.concat(chunks), error }
  }
  throw new Error('the stream has ended without an error')
}

describe('loop://', { timeout: 30_000 }, () => {
  test('echoes, to the end, each stream for itself', async () => {
    await using serial = await serveSerial({ url: 'loop://' })
    const [a, b] = await Promise.all([serial.connect(), serial.connect()])
    a.end(mebibyte)
    b.end('b')
    expect((await buffer(a)).equals(mebibyte)).toBe(true)
    expect(await text(b)).toBe('b')
  })

  test('is closed for everybody, after what was echoed', async () => {
    await using serial = await serveSerial({ url: 'loop://' })
    const [a, b] = await Promise.all([serial.connect(), serial.connect()])
    a.write('a')
    expect(await read(a, 1)).toBe('a')
    await serial.close()
    expect(await Promise.all([text(a), text(b)])).toEqual(['', ''])
  })

  test('does not keep more than it has to for who does not read', async () => {
    await using serial = await serveSerial({ url: 'loop://' })
    const stream = await serial.connect()
    const many = Buffer.alloc(16 * 1024 * 1024, 'm')
    for (let start = 0; start < many.length; start += 65_536) stream.write(many.subarray(start, start + 65_536))
    let last = -1
    // It stands still with most of it unsent.
    await expect.poll(() => last === (last = stream.writableLength), { ...patient, interval: 100 }).toBe(true)
    expect(last).toBeGreaterThan(8 * 1024 * 1024)
    stream.end()
    expect((await buffer(stream)).length).toBe(many.length)
  })

  test('has no control lines to set', async () => {
    await using serial = await serveSerial({ url: 'loop://' })
    await serial.setDtr(false)
    await serial.setRts(true)
    await expect(serial.call('setDtr', 'on' as never)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  })

  test('sends no more characters a second than cps', async () => {
    await using serial = await serveSerial({ url: 'loop://', cps: 100 })
    const stream = await serial.connect()
    const started = performance.now()
    stream.write('x'.repeat(20))
    stream.end('y'.repeat(11))
    expect(await text(stream)).toBe('x'.repeat(20) + 'y'.repeat(11))
    expect(performance.now() - started).toBeGreaterThan(290)
  })
})

describe('socket://', { timeout: 30_000 }, () => {
  const sockets: Socket[] = []
  const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)))
  let url = ''
  beforeEach(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `socket://127.0.0.1:${(server.address() as { port: number }).port}`
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  const device = () => sockets[0] as Socket

  test('is one connection, for all who use it at once', async () => {
    await using serial = await serveSerial({ url })
    const a = await serial.connect()
    await expect.poll(() => sockets, patient).toHaveLength(1)
    device().write('before ')
    expect(await read(a, 7)).toBe('before ')
    const b = await serial.connect()
    device().write('both')
    expect(await Promise.all([read(a, 4), read(b, 4)])).toEqual(['both', 'both'])
    a.write('from a, ')
    expect(await read(device(), 8)).toBe('from a, ')
    b.write('from b')
    expect(await read(device(), 6)).toBe('from b')

    a.destroy()
    device().write('for b')
    expect(await read(b, 5)).toBe('for b')
    expect(sockets).toHaveLength(1)
    const hungUp = once(device(), 'end')
    b.destroy()
    await hungUp
  })

  test('is opened again after everybody has left', async () => {
    await using serial = await serveSerial({ url })
    for (const count of [1, 2, 3]) {
      const stream = await serial.connect()
      await expect.poll(() => sockets, patient).toHaveLength(count)
      sockets.at(-1)?.write(`hello ${count}`)
      expect(await read(stream, 7)).toBe(`hello ${count}`)
      stream.destroy()
      await once(sockets.at(-1) as Socket, 'end')
    }
  })

  test('keeps the port open for reading when a client has sent all', async () => {
    await using serial = await serveSerial({ url })
    const stream = await serial.connect()
    stream.end('done')
    await expect.poll(() => sockets, patient).toHaveLength(1)
    expect(await read(device(), 4)).toBe('done')
    device().write('still here')
    expect(await read(stream, 10)).toBe('still here')
  })

  test('fails when the other side ends the connection, after all it has sent', async () => {
    await using serial = await serveSerial({ url })
    const streams = await Promise.all([serial.connect(), serial.connect()])
    await expect.poll(() => sockets, patient).toHaveLength(1)
    device().end(mebibyte)
    for (const { got, error } of await Promise.all(streams.map(readToFailure))) {
      expect(got.equals(mebibyte)).toBe(true)
      expect(error).toMatchObject({
        code: 'DEVICE_IO',
        origin: 'lab',
        message: expect.stringContaining(`Lost ${url}: the server has closed the connection`),
      })
    }
    const again = await serial.connect()
    await expect.poll(() => sockets, patient).toHaveLength(2)
    again.destroy()
  })

  test('is a console that comes back with the terminal server', async () => {
    const { port } = server.address() as { port: number }
    await using serial = await serveSerial({ url })
    await serial.attach()
    await expect.poll(() => sockets, patient).toHaveLength(1)
    // A server that is stopped ends its connections in order.
    server.close()
    device().end('last words')
    await serial.expect(/last words[^]*the device is away/, { timeoutMs: 20_000 })
    const found = serial.expect('welcome', { timeoutMs: 20_000 })
    server.listen(port, '127.0.0.1')
    await expect.poll(() => sockets, patient).toHaveLength(2)
    sockets[1]?.write('welcome')
    await found
    expect(serial.all).toMatch(/last words\r\n\[.* is away: .*Lost socket:[^]*is back after \d+ ms\]\r\nwelcome/)
  })

  test('tells when the connection breaks', async () => {
    await using serial = await serveSerial({ url })
    const streams = await Promise.all([serial.connect(), serial.connect()])
    await expect.poll(() => sockets, patient).toHaveLength(1)
    device().resetAndDestroy()
    for (const stream of streams) {
      await expect(text(stream)).rejects.toMatchObject({
        code: 'DEVICE_IO',
        origin: 'lab',
        message: expect.stringContaining(`Lost ${url}: read ECONNRESET`),
      })
    }
  })

  test('tells when it does not come about, and tries again', async () => {
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    await using serial = await serveSerial({ url })
    for (let n = 0; n < 2; n++) {
      await expect(serial.connect()).rejects.toMatchObject({
        code: 'DEVICE_IO',
        origin: 'lab',
        message: expect.stringContaining(`Cannot connect to ${url}: connect ECONNREFUSED`),
      })
    }
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const stream = await serial.connect()
    stream.destroy()
  })

  test('a device that can wait waits for its only reader', async () => {
    await using serial = await serveSerial({ url })
    const stream = await serial.connect()
    await expect.poll(() => sockets, patient).toHaveLength(1)
    const many = Buffer.alloc(24 * 1024 * 1024, 'm')
    device().end(many)
    // Until nothing moves any more.
    let last = -1
    await expect
      .poll(() => last === (last = device().bytesWritten - device().writableLength), { ...patient, interval: 100 })
      .toBe(true)
    expect((await readToFailure(stream)).got.length).toBe(many.length)
  })

  test('a reader that does not read does not hold up the others, and fails', async () => {
    await using serial = await serveSerial({ url })
    const [slow, fast] = await Promise.all([serial.connect(), serial.connect()])
    await expect.poll(() => sockets, patient).toHaveLength(1)
    const many = Buffer.alloc(24 * 1024 * 1024, 'm')
    device().end(many)
    expect((await readToFailure(fast)).got.length).toBe(many.length)
    await expect(buffer(slow)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', message: expect.stringContaining(url) })
  })
})

describe('a device', { timeout: 30_000 }, () => {
  beforeEach(({ skip }) => needsCommand('socat', skip))

  test('carries bytes both ways, as they are', async () => {
    await using pair = await createPtyPair()
    await using serial = await serveSerial({ url: pair.port })
    const stream = await serial.connect()
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n))
    stream.write(bytes)
    const { buffer: got } = await pair.device.read(Buffer.alloc(256), 0, 256)
    expect(got.equals(bytes)).toBe(true)
    await pair.device.write(bytes)
    let back = Buffer.alloc(0)
    for await (const chunk of stream) {
      back = Buffer.concat([back, chunk as Buffer])
      if (back.length === 256) break
    }
    expect(back.equals(bytes)).toBe(true)
  })

  test('is a console', async () => {
    await using pair = await createPtyPair()
    await using serial = await serveSerial({ url: pair.port, baudrate: 9600 })
    await serial.attach()
    await pair.device.write('login: ')
    await serial.expect('login: ')
    await serial.sendLine('root')
    expect((await pair.device.read(Buffer.alloc(5), 0, 5)).buffer.toString()).toBe('root\r')
  })

  test('types the end of lines that its config has, unless a call has another', async () => {
    await using pair = await createPtyPair()
    await using serial = await serveSerial({ url: pair.port, line_end: 'crlf' })
    await serial.sendLine('one')
    await serial.sendLine('two', { lineEnd: '\n' })
    await serial.secret('three')
    const typed = 'one\r\ntwo\nthree\r\n'
    let received = ''
    while (received.length < typed.length) {
      const { buffer, bytesRead } = await pair.device.read(Buffer.alloc(typed.length))
      received += buffer.toString('utf8', 0, bytesRead)
    }
    expect(received).toBe(typed)
  })

  test('is shared, and is free when everybody has left', async () => {
    await using pair = await createPtyPair()
    await using serial = await serveSerial({ url: pair.port })
    await using other = await serveSerial({ url: pair.port })
    const [a, b] = await Promise.all([serial.connect(), serial.connect()])
    await pair.device.write('both')
    expect(await Promise.all([read(a, 4), read(b, 4)])).toEqual(['both', 'both'])
    await expect(other.connect()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining(`${pair.port} is in use`),
    })
    a.destroy()
    await pair.device.write('rest')
    expect(await read(b, 4)).toBe('rest')
    b.destroy()
    await expect.poll(() => other.connect().then((stream) => void stream.destroy()), patient).toBeUndefined()
  })

  test('is closed for everybody, and opened again', async () => {
    await using pair = await createPtyPair()
    await using serial = await serveSerial({ url: pair.port })
    await serial.close()
    const streams = await Promise.all([serial.connect(), serial.connect()])
    await serial.close()
    for (const stream of streams) expect(await text(stream)).toBe('')
    const again = await serial.connect()
    await pair.device.write('again')
    expect(await read(again, 5)).toBe('again')
  })

  test('that is pulled out ends every stream', async () => {
    await using pair = await createPtyPair()
    await using serial = await serve(new PySerial({ url: pair.port }), { client: StrictClient })
    await serial.attach()
    const streams = await Promise.all([serial.connect(), serial.connect()])
    const console = serial.expect('never').catch((error: unknown) => error)
    await pair.device.write('last words')
    expect(await Promise.all(streams.map((stream) => read(stream, 10)))).toEqual(['last words', 'last words'])
    await pair.unplug()
    for (const stream of streams) {
      await expect(text(stream)).rejects.toMatchObject({
        code: 'DEVICE_IO',
        message: expect.stringContaining(`${pair.port} is gone`),
      })
    }
    expect(await console).toMatchObject({ code: 'CONSOLE_CLOSED', message: expect.stringContaining(pair.port) })
    await expect(serial.connect()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      message: expect.stringContaining(`Cannot open ${pair.port}: No such file or directory`),
    })
  })

  test('that comes back is read on, and the log has the gap', async () => {
    const folder = await createPrivateFolder()
    const url = join(folder.path, 'ttyACM0')
    await using serial = await serveSerial({ url, check_present: false })
    // The board has no power yet.
    await serial.attach()
    for (const boot of [1, 2]) {
      await using pair = await createPtyPair()
      const found = serial.expect(`boot ${boot}`, { timeoutMs: 20_000 })
      await symlink(pair.port, url)
      const typed = serial.sendLine('go')
      expect((await pair.device.read(Buffer.alloc(3), 0, 3)).buffer.toString()).toBe('go\r')
      await typed
      await pair.device.write(`boot ${boot}`)
      await found
      await unlink(url)
      await pair.unplug()
    }
    await expect(serial.expect('boot 3', { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'CONSOLE_CLOSED',
      origin: 'lab',
      message: expect.stringContaining('[vitest-hardware: the device is away'),
    })
    const mark = /\[vitest-hardware: the device is (away: .*|back after \d+ ms)\]\r\n/g
    expect(serial.all.replaceAll(mark, (_, what: string) => `<${what.slice(0, 4)}>`)).toBe(
      '<away><back>boot 1\r\n<away><back>boot 2\r\n<away>',
    )
    await folder.remove()
  })

  test('that stays away ends a wait after the time of the need, and not after that of the wait', async () => {
    class ImpatientClient extends SerialClient {
      constructor(node: SerialClient['node']) {
        super({ ...node, returnTimeoutMs: 300 })
      }
    }
    const driver = new PySerial({ url: '/dev/ttyNOWHERE', check_present: false })
    await using serial = await serve(driver, { client: ImpatientClient })
    const started = performance.now()
    await expect(serial.expect('boot', { timeoutMs: 25_000 })).rejects.toMatchObject({
      code: 'CONSOLE_CLOSED',
      origin: 'board',
    })
    expect(performance.now() - started).toBeLessThan(15_000)
  })

  test('that is pulled out while it is opened ends the stream, too', { timeout: 60_000 }, async () => {
    for (let n = 0; n < 15; n++) {
      await using pair = await createPtyPair()
      await using serial = await serve(new PySerial({ url: pair.port }), { client: StrictClient })
      const console = serial.expect('never', { timeoutMs: 10_000 }).catch((error: unknown) => error)
      await delay(2 * n)
      await pair.unplug()
      expect(await console).toMatchObject({ code: expect.stringMatching(/^(?:CONSOLE_CLOSED|DEVICE_IO)$/) })
    }
  })

  test('without control lines says so, open or not, and goes on', async () => {
    await using pair = await createPtyPair()
    await using serial = await serveSerial({ url: pair.port })
    const failure = {
      code: 'DEVICE_IO',
      message: expect.stringMatching(/^set(Dtr|Rts): .*port cannot set DTR and RTS: Inappropriate ioctl/),
    }
    await expect(serial.setDtr(false)).rejects.toMatchObject(failure)
    const stream = await serial.connect()
    await expect(serial.setRts(false)).rejects.toMatchObject(failure)
    await expect(serial.sendBreak()).rejects.toThrow('port cannot set a break: Inappropriate ioctl')
    await pair.device.write('on')
    expect(await read(stream, 2)).toBe('on')
  })

  test('hangs up when it is closed, unless that is disabled', async () => {
    await using pair = await createPtyPair()
    for (const disable of [false, true]) {
      await execa('stty', ['-F', pair.port, 'hupcl'])
      await using serial = await serveSerial({ url: pair.port, disable_hupcl: disable })
      const stream = await serial.connect()
      const { stdout } = await execa('stty', ['-F', pair.port, '-a'])
      expect(/ (-?)hupcl/.exec(stdout)?.[1]).toBe(disable ? '-' : '')
      stream.destroy()
    }
  })

  test('that is not there keeps the session from starting, unless the lab says so', async () => {
    await expect(serveSerial({ url: '/dev/ttyNOWHERE' })).rejects.toThrow(
      /The serial port \/dev\/ttyNOWHERE is not there\. .*\/dev\/serial\/by-id.*check_present: false/,
    )
    await using serial = await serveSerial({ url: '/dev/ttyNOWHERE', check_present: false })
    await expect(serial.connect()).rejects.toThrow('Cannot open /dev/ttyNOWHERE: No such file or directory')
    await expect(serial.setDtr(true)).rejects.toThrow('Cannot open /dev/ttyNOWHERE: No such file or directory')
  })

  test('that is no serial port is refused', async () => {
    await using serial = await serveSerial({ url: '/dev/null' })
    await expect(serial.connect()).rejects.toThrow('Cannot open /dev/null: Inappropriate ioctl for device')
  })
})

describe('the config', () => {
  test.each([
    [{}, 'url is missing'],
    [
      { url: 'telnet://h:1' },
      'url is "telnet://h:1"; it has to be the path of a device, usb://VENDOR:PRODUCT, hwgrep://EXPRESSION, socket://host:port, rfc2217://host:port or loop://',
    ],
    [{ url: 'socket://h' }, 'url is "socket://h"'],
    [{ url: 'socket://h:0' }, 'url is "socket://h:0"'],
    [{ url: 'loop://x' }, 'url is "loop://x"'],
    [{ url: 'loop://', baudrate: 0 }, 'baudrate is 0; it has to be a whole number above 0'],
    [{ url: 'loop://', data_bits: 9 }, 'data_bits is 9; it has to be 5 or 6 or 7 or 8'],
    [{ url: 'loop://', parity: 'E' }, 'parity is "E"; it has to be none or even or odd or mark or space'],
    [{ url: 'loop://', cps: -1 }, 'cps is -1; it has to be a number, 0 or above'],
    [{ url: 'loop://', check_present: 'no' }, 'check_present is "no"; it has to be true or false'],
    [{ url: 'loop://', disable_hupcl: 1 }, 'disable_hupcl is 1; it has to be true or false'],
    [
      { url: 'loop://', baud: 9600 },
      'baud is an unknown key; known keys: url, baudrate, data_bits, parity, stop_bits, check_present, cps, disable_hupcl',
    ],
  ])('%j is refused', (config, message) => {
    expect(() => new PySerial(config as never)).toThrow(message)
  })

  test('is told all its mistakes at once', () => {
    const run = () => new PySerial({ url: 'spy://x', baudrate: 'fast', speed: 1 } as never)
    expect(run).toThrow(/url is .*; baudrate is .*; speed is an unknown key/)
  })
})
