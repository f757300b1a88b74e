import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { access, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { execa } from 'execa'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'

import { TftpServerClient } from '../../src/clients/index.ts'
import { Tftp, type TftpConfig } from '../../src/drivers/index.ts'
import { driverTypes } from '../../src/drivers/types.ts'
import { serve } from '../../src/index.ts'
import { createPrivateFolder, type PrivateFolder } from '../../src/base/private-folder.ts'
import { Datagrams } from '../support/datagrams.ts'
import { needsCommand } from '../support/system-part.ts'

const content = Buffer.alloc(100_000, 'content ')

let folder: PrivateFolder
let root: string
beforeEach(async () => {
  folder = await createPrivateFolder()
  root = join(folder.path, 'root')
  await mkdir(root)
})
afterEach(() => folder.remove())

async function startServer(config: TftpConfig = {}) {
  const tftp = await serve(new Tftp({ root_dir: root, host: '127.0.0.1', port: 0, ...config }), {
    client: TftpServerClient,
  })
  await tftp.start()
  return tftp
}

/** What the server answers a request with, in one line. */
async function answerTo(port: number, request: string): Promise<string> {
  using client = await Datagrams.open()
  const { bytes } = await client.ask(port, request)
  return `${bytes.readUInt16BE(0)} ${bytes.readUInt16BE(2)} ${bytes.subarray(4).toString().replace(/\0$/, '')}`
}

describe('a transfer', { timeout: 30_000 }, () => {
  test('has the options that are asked for, and a port of its own', async () => {
    await using tftp = await startServer()
    await writeFile(join(root, 'x'), 'hello world')
    using client = await Datagrams.open()
    const port = await tftp.port()
    await client.send(port, '\0\x01x\0octet\0blksize\x008\0TSIZE\x000\0timeout\x002\0nonsense\x001\0')
    const answer = await client.next()
    expect(answer.bytes.toString('latin1')).toBe('\0\x06blksize\x008\0timeout\x002\0tsize\x0011\0')
    expect(answer.port).not.toBe(port)
    await client.send(answer.port, '\0\x04\0\0')
    expect((await client.next()).bytes.toString('latin1')).toBe('\0\x03\0\x01hello wo')
    await client.send(answer.port, '\0\x04\0\x01')
    expect((await client.next()).bytes.toString('latin1')).toBe('\0\x03\0\x02rld')
    await client.send(answer.port, '\0\x04\0\x02')
  })

  test('does not repeat what has been acknowledged twice', async () => {
    await using tftp = await startServer()
    await writeFile(join(root, 'x'), Buffer.alloc(3 * 512 - 1, 'x'))
    using client = await Datagrams.open()
    await client.send(await tftp.port(), '\0\x01x\0octet\0timeout\x00200\0')
    const { port } = await client.next()
    const blocks: number[] = []
    for (const acknowledged of [0, 1, 2]) {
      await client.send(port, Buffer.of(0, 4, 0, acknowledged))
      await client.send(port, Buffer.of(0, 4, 0, acknowledged))
      blocks.push((await client.next()).bytes.readUInt16BE(2))
    }
    expect({ blocks, unread: client.unread }).toEqual({ blocks: [1, 2, 3], unread: 0 })
  })

  test('goes on behind the last block of a window that came', async () => {
    await using tftp = await startServer()
    await writeFile(join(root, 'x'), Buffer.from('11111111222222223333333344444444555'))
    using client = await Datagrams.open()
    const next = async (count: number) => {
      const blocks: number[] = []
      while (blocks.length < count) blocks.push((await client.next()).bytes.readUInt16BE(2))
      return blocks
    }
    await client.send(await tftp.port(), '\0\x01x\0octet\0blksize\x008\0windowsize\x003\0timeout\x00200\0')
    const { port } = await client.next()
    await client.send(port, Buffer.of(0, 4, 0, 0))
    expect(await next(3)).toEqual([1, 2, 3])
    await client.send(port, Buffer.of(0, 4, 0, 1))
    expect(await next(3)).toEqual([2, 3, 4])
    await client.send(port, Buffer.of(0, 4, 0, 4))
    expect(await next(1)).toEqual([5])
  })

  test('is begun once for a request that is repeated, and anew for another one', async () => {
    await using tftp = await startServer()
    await writeFile(join(root, 'x'), Buffer.alloc(600, 'x'))
    await writeFile(join(root, 'y'), 'y')
    using client = await Datagrams.open()
    const port = await tftp.port()
    const request = '\0\x01x\0octet\0timeout\x00200\0'
    for (let index = 0; index < 5; index++) await client.send(port, request)
    const first = await client.next()
    await client.send(first.port, '\0\x04\0\0')
    expect((await client.next()).bytes.readUInt32BE(0)).toBe(0x0003_0001)
    // On its way for longer than the answer.
    await client.send(port, request)
    await client.send(first.port, '\0\x04\0\x01')
    const last = await client.next()
    expect({ packet: last.bytes.readUInt32BE(0), port: last.port }).toEqual({ packet: 0x0003_0002, port: first.port })
    await client.send(port, '\0\x01y\0octet\0')
    const other = await client.next()
    expect(other.bytes.toString('latin1')).toBe('\0\x03\0\x01y')
    expect(other.port).not.toBe(first.port)
  })

  test('tells the client when the server is stopped', async () => {
    await using tftp = await startServer()
    await writeFile(join(root, 'x'), 'x')
    using client = await Datagrams.open()
    await client.send(await tftp.port(), '\0\x01x\0octet\0')
    await client.next()
    await tftp.stop()
    expect((await client.next()).bytes.toString('latin1')).toBe('\0\x05\0\0The server has been stopped\0')
  })

  test('ends when the client says so', async () => {
    await using tftp = await startServer()
    await writeFile(join(root, 'x'), content)
    // More than the server takes at a time.
    for (let index = 0; index < 200; index++) {
      using client = await Datagrams.open()
      const answer = await client.ask(await tftp.port(), '\0\x01x\0octet\0')
      expect(answer.bytes.readUInt32BE(0)).toBe(0x0003_0001)
      await client.send(answer.port, '\0\x05\0\x08enough\0')
    }
  })

  test('ends when the client has gone away', async () => {
    await writeFile(join(root, 'x'), content)
    const driver = new Tftp({ root_dir: root, host: '127.0.0.1', port: 0 })
    const warning = vi.spyOn(driver.logger, 'warning')
    await using tftp = await serve(driver, { client: TftpServerClient })
    await tftp.start()
    {
      using client = await Datagrams.open()
      const { port } = await client.ask(await tftp.port(), '\0\x01x\0octet\0')
      await client.send(port, '\0\x04\0\x01')
    }
    // The system says so, if not of the first packet, then of one that is sent again.
    await vi.waitFor(
      () => expect(warning).toHaveBeenCalledWith(expect.stringMatching(/does not get "x": the client has gone away$/)),
      { timeout: 15_000 },
    )
  })
})

describe('what is no file of the folder is refused', () => {
  test.for([
    ['nothing', 'nothing', '5 1 There is no such file'],
    ['nothing in a file', 'file/x', '5 1 There is no such file'],
    ['a name that is too long', 'x'.repeat(5000), '5 1 There is no such file'],
    ['a folder', 'folder', '5 2 '],
    ['the folder itself', '/', '5 2 '],
    ['a path out of it', '../secret', '5 2 '],
    ['a path out of it, as Windows has it', '..\\secret', '5 2 '],
    ['a path out of it from inside', 'folder/../../secret', '5 2 '],
    ['a path with slashes before it', '//../secret', '5 2 '],
    ['a link to a file outside', 'link', '5 2 '],
    ['a link to a folder outside', 'outside/secret', '5 2 '],
    ['a link in a circle', 'circle', '5 1 '],
    ['a pipe', 'pipe', '5 2 '],
  ])('%s', async ([, path = '', answer = '']) => {
    await writeFile(join(folder.path, 'secret'), 'secret')
    await writeFile(join(root, 'file'), 'content')
    await mkdir(join(root, 'folder'))
    await symlink(join(folder.path, 'secret'), join(root, 'link'))
    await symlink('..', join(root, 'outside'))
    await symlink('circle', join(root, 'circle'))
    await execa('mkfifo', [join(root, 'pipe')])
    await using tftp = await startServer()
    expect(await answerTo(await tftp.port(), `\0\x01${path}\0octet\0`)).toContain(answer)
  })

  test('but not a path with detours, nor a link that stays inside', async () => {
    await writeFile(join(root, 'file'), 'content')
    await symlink('file', join(root, 'link'))
    await using tftp = await startServer()
    const port = await tftp.port()
    for (const path of ['file', '/file', './folder/../file', 'link', 'LINK/../link', '\\file']) {
      expect(await answerTo(port, `\0\x01${path}\0octet\0`)).toBe('3 1 content')
    }
  })
})

describe('hostile packets', { timeout: 30_000 }, () => {
  test.for([
    ['a request without its end', '\0\x01file', '5 4 This is no request'],
    ['a request without a mode', '\0\x01file\0', '5 4 This is no request'],
    ['a mode that is none', '\0\x01file\0mail\0', '5 4 There is no such mode'],
    ['a request to write', '\0\x02file\0octet\0', '5 2 Files cannot be written here'],
    ['a mode in capitals is none', '\0\x01file\0OcTeT\0', '3 1 content'],
    ['an option without a value is none', '\0\x01file\0octet\0blksize\0', '3 1 content'],
  ])('%s', async ([, request = '', answer]) => {
    await writeFile(join(root, 'file'), 'content')
    await using tftp = await startServer()
    expect(await answerTo(await tftp.port(), request)).toBe(answer)
  })

  test('whatever is sent to it, it goes on', async () => {
    await writeFile(join(root, 'file'), content)
    await using tftp = await startServer()
    const port = await tftp.port()
    using hostile = await Datagrams.open()
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 1400 }),
      fc
        .tuple(fc.integer({ min: 0, max: 7 }), fc.uint8Array({ maxLength: 600 }))
        .map(([opcode, rest]) => Uint8Array.of(0, opcode, ...rest)),
    )
    await fc.assert(
      fc.asyncProperty(bytes, (packet) => hostile.send(port, packet)),
      { numRuns: 500 },
    )
    // And in the middle of a transfer.
    using client = await Datagrams.open()
    let answer = await client.ask(port, '\0\x01file\0octet\0')
    const ending = (packet: Uint8Array) => packet[1] === 4 || packet[1] === 5
    const harmless = bytes.filter((packet) => !ending(packet))
    await fc.assert(fc.asyncProperty(harmless, (packet) => client.send(answer.port, packet)))
    await hostile.send(answer.port, '\0\x05\0\0not from the client\0')
    // An acknowledgement among so many packets may be lost.
    while (answer.bytes.readUInt16BE(2) === 1) {
      await client.send(answer.port, '\0\x04\0\x01')
      answer = await client.next()
    }
    expect(answer.bytes.readUInt32BE(0)).toBe(0x0003_0002)
    expect(await answerTo(port, '\0\x01no\0octet\0')).toBe('5 1 There is no such file')
  })

  test('more transfers than it takes are refused', async () => {
    await writeFile(join(root, 'file'), 'content')
    await using tftp = await startServer()
    const port = await tftp.port()
    const clients = await Promise.all(Array.from({ length: 129 }, () => Datagrams.open()))
    try {
      for (const client of clients) await client.send(port, '\0\x01file\0octet\0timeout\x00255\0')
      const answers = await Promise.all(clients.map((client) => client.next()))
      const refused = answers.filter(({ bytes }) => bytes.toString('latin1').startsWith('\0\x05\0\0Too many'))
      expect(refused).toHaveLength(1)
    } finally {
      for (const client of clients) client[Symbol.dispose]()
    }
  })
})

describe('the server', { timeout: 30_000 }, () => {
  test('listens from its start to its stop, and both may be repeated', async () => {
    await writeFile(join(root, 'x'), 'x')
    const blocker = createSocket('udp4').bind(0, '127.0.0.1')
    await once(blocker, 'listening')
    const { port } = blocker.address()
    const driver = new Tftp({ root_dir: root, host: '127.0.0.1', port })
    await using tftp = await serve(driver, { client: TftpServerClient })
    expect(await tftp.port()).toBe(port)
    await expect(tftp.start()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining(`Cannot serve TFTP on 127.0.0.1:${port}: another server has that port`),
    })
    await new Promise<void>((resolve) => void blocker.close(resolve))
    await tftp.stop()
    await Promise.all([tftp.start(), tftp.start()])
    await tftp.start()
    expect(await answerTo(port, '\0\x01x\0octet\0')).toBe('3 1 x')
    await tftp.stop()
    await tftp.stop()
    const other = createSocket('udp4').bind(port, '127.0.0.1')
    await once(other, 'listening')
    await new Promise<void>((resolve) => void other.close(resolve))
    await tftp.start()
    expect(await answerTo(port, '\0\x01x\0octet\0')).toBe('3 1 x')
  })

  test('gives its port back when the session ends', async () => {
    const tftp = await startServer()
    const port = await tftp.port()
    await tftp[Symbol.asyncDispose]()
    const other = createSocket('udp4').bind(port, '127.0.0.1')
    await once(other, 'listening')
    await new Promise<void>((resolve) => void other.close(resolve))
  })

  test('cannot have an address of another machine', async () => {
    await using tftp = await serve(new Tftp({ root_dir: root, host: '198.51.100.9', port: 0 }), {
      client: TftpServerClient,
    })
    await expect(tftp.start()).rejects.toThrow(/no such address.*EADDRNOTAVAIL/)
  })

  // 69 is a port of root's, as long as nobody has changed that for the whole machine.
  test('says what helps where its port is not for every user', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'only root can run a program as another user')
    const driver = pathToFileURL(resolve('src/drivers/tftp/tftp.ts')).href
    const script = `
      const { Tftp } = await import(${JSON.stringify(driver)})
      const tftp = new Tftp({ host: '127.0.0.1', port: 69 })
      await tftp.start().then(() => console.log('no error'), (error) => console.log(error.message))
      await tftp.close()`
    const nobody = { uid: 65_534, gid: 65_534 }
    const { stdout, failed, stderr } = await execa(process.execPath, ['--eval', script], { ...nobody, reject: false })
    if (failed) skip(`another user cannot run this package here: ${stderr.slice(0, 200)}`)
    if (stdout === 'no error') skip('every user may have port 69 here')
    expect(stdout).toMatch(/^Cannot serve TFTP on 127.0.0.1:69: this user may not use port 69.*sysctl.*setcap.*EACCES/)
  })

  test.for(['', '0.0.0.0', '::'])('with the host %j tells an address that boards reach', async (host, { skip }) => {
    needsCommand('curl', skip)
    await writeFile(join(root, 'x'), 'x')
    await using tftp = await startServer({ host })
    const told = await tftp.host()
    expect(told).toMatch(/^[1-9]/)
    expect((await execa('curl', ['--silent', `tftp://${told}:${await tftp.port()}/x`])).stdout).toBe('x')
  })

  test('speaks IPv6', async ({ skip }) => {
    needsCommand('curl', skip)
    await writeFile(join(root, 'x'), 'x')
    await using tftp = await serve(new Tftp({ root_dir: root, host: '::1', port: 0 }), { client: TftpServerClient })
    await tftp.start().catch((error: Error) => skip(`no IPv6: ${error.message}`))
    expect((await execa('curl', ['--silent', `tftp://[::1]:${await tftp.port()}/x`])).stdout).toBe('x')
    expect(await tftp.host()).toBe('::1')
  })
})

describe('the folder', () => {
  test('is a private one without root_dir, and is gone at the end', async () => {
    vi.stubEnv('TMPDIR', folder.path)
    onTestFinished(() => void vi.unstubAllEnvs())
    const tftp = await serve(new Tftp({ host: '127.0.0.1', port: 0 }), { client: TftpServerClient })
    await tftp.storage.writeBytes('x', Buffer.from('content'))
    await tftp.start()
    expect(await answerTo(await tftp.port(), '\0\x01x\0octet\0')).toBe('3 1 content')
    const before = await readdir(folder.path, { recursive: true })
    expect(before.filter((path) => basename(path) === 'x')).toHaveLength(1)
    await tftp[Symbol.asyncDispose]()
    expect(await readdir(folder.path)).toEqual(['root'])
  })

  test.for([
    [undefined, ['before']],
    [false, ['before', 'new']],
  ] as const)('with remove_created_on_close %s has %j at the end', async ([remove, left]) => {
    const deep = join(root, 'a/b')
    await mkdir(deep, { recursive: true })
    await writeFile(join(deep, 'before'), '')
    const tftp = await startServer({
      root_dir: deep,
      ...(remove === undefined ? {} : { remove_created_on_close: remove }),
    })
    await tftp.storage.writeBytes('new', Buffer.from('x'))
    await tftp[Symbol.asyncDispose]()
    expect(await readdir(deep)).toEqual(left)
  })

  test('is made where it is not there', async () => {
    await using _ = await startServer({ root_dir: join(root, 'a/b') })
    await access(join(root, 'a/b'))
  })
})

describe('the driver', () => {
  test("has upstream's type", async () => {
    expect(await driverTypes.get('jumpstarter_driver_tftp.driver.Tftp')?.()).toBe(Tftp)
  })

  test('tells all mistakes of its config at once', () => {
    const config = { root_dir: 3, host: 4, port: 70_000, remove_created_on_close: 'no', what: 1 }
    expect(() => new Tftp(config as unknown as TftpConfig)).toThrow(
      /root_dir is 3.*host is 4.*port is 70000.*remove_created_on_close is "no".*what is an unknown key/,
    )
  })
})
