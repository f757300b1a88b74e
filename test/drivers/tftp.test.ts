import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { TftpServerClient } from '../../src/clients/index.ts'
import { Tftp } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { createPrivateFolder, type PrivateFolder } from '../../src/private-folder.ts'
import { lossyNetwork } from '../support/datagrams.ts'
import { needsCommand } from '../support/system-part.ts'

const image = randomBytes(20 * 1024 * 1024 + 11)

let folder: PrivateFolder
let root: string
beforeEach(async () => {
  folder = await createPrivateFolder()
  root = join(folder.path, 'root')
  await mkdir(root)
})
afterEach(() => folder.remove())

async function startServer() {
  const tftp = await serve(new Tftp({ root_dir: root, host: '127.0.0.1', port: 0 }), {
    client: TftpServerClient,
  })
  await tftp.start()
  return tftp
}

/** Gets a file with curl, which speaks TFTP by itself. */
async function curl(port: number, path: string, ...args: string[]): Promise<Buffer> {
  const url = `tftp://127.0.0.1:${port}/${path}`
  const { stdout } = await execa('curl', ['--silent', '--show-error', '--max-time', '50', ...args, url], {
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024,
    stripFinalNewline: false,
  })
  return Buffer.from(stdout)
}

describe('clients of others get files:', { timeout: 60_000 }, () => {
  beforeEach(({ skip }) => needsCommand('curl', skip))

  test.for([
    ['with its options'],
    ['with blocks of 1468 bytes', '--tftp-blksize', '1468'],
    ['with blocks of 65464 bytes', '--tftp-blksize', '65464'],
    ['without options', '--tftp-no-options'],
  ])('curl %s, 20 MiB', async ([, ...args]) => {
    await using tftp = await startServer()
    await tftp.storage.writeBytes('boot/image', image)
    expect(image.equals(await curl(await tftp.port(), 'boot/image', ...args))).toBe(true)
  })

  test.for([1, 511, 512, 513, 1024, 65_535, 65_536])('curl, %d bytes', async (size) => {
    await using tftp = await startServer()
    const content = image.subarray(0, size)
    await writeFile(join(root, 'x'), content)
    expect(content.equals(await curl(await tftp.port(), 'x'))).toBe(true)
  })

  test('curl, more blocks than there are block numbers', async () => {
    await using tftp = await startServer()
    const content = image.subarray(0, 8 * 0x1_0000 + 8 * 100 + 3)
    await writeFile(join(root, 'x'), content)
    expect(content.equals(await curl(await tftp.port(), 'x', '--tftp-blksize', '8'))).toBe(true)
  })

  test('curl, ten at a time', async () => {
    await using tftp = await startServer()
    const port = await tftp.port()
    const files = Array.from({ length: 10 }, (_, index) => image.subarray(index * 1000, index * 1000 + 300_000))
    for (const [index, content] of files.entries()) await writeFile(join(root, String(index)), content)
    const got = await Promise.all(files.map((_, index) => curl(port, String(index))))
    expect(files.map((content, index) => content.equals(got[index] ?? Buffer.alloc(0)))).not.toContain(false)
  })

  test('the client of BSD, also in netascii', async ({ skip }) => {
    needsCommand('tftp', skip)
    await using tftp = await startServer()
    const text = `one\ntwo\r\nthree\rfour\n${'line\n'.repeat(20_000)}`
    await writeFile(join(root, 'text'), text)
    await writeFile(join(root, 'image'), image)
    const get = async (mode: string, name: string) => {
      const args = ['-m', mode, '127.0.0.1', String(await tftp.port()), '-c', 'get', name]
      await execa('tftp', args, { cwd: folder.path })
      return readFile(join(folder.path, name))
    }
    expect((await get('netascii', 'text')).toString()).toBe(text)
    expect(image.equals(await get('octet', 'image'))).toBe(true)
  })

  test.for(['1', '8', '64', '1000'])('atftp with a window of %s blocks', async (window, { skip }) => {
    needsCommand('atftp', skip)
    await using tftp = await startServer()
    await writeFile(join(root, 'x'), image)
    const local = join(folder.path, 'got')
    const options = ['--option', `windowsize ${window}`, '--option', 'blksize 1428', '--option', 'tsize 0']
    await execa('atftp', [...options, '-g', '-r', 'x', '-l', local, '127.0.0.1', String(await tftp.port())])
    expect(image.equals(await readFile(local))).toBe(true)
  })

  test('atftp, more blocks than there are block numbers, in windows', async ({ skip }) => {
    needsCommand('atftp', skip)
    await using tftp = await startServer()
    const content = image.subarray(0, 8 * 0x2_0000 + 5)
    await writeFile(join(root, 'x'), content)
    const local = join(folder.path, 'got')
    const options = ['--option', 'windowsize 60', '--option', 'blksize 8']
    await execa('atftp', [...options, '-g', '-r', 'x', '-l', local, '127.0.0.1', String(await tftp.port())])
    expect(content.equals(await readFile(local))).toBe(true)
  })

  test('and cannot write', async () => {
    await using tftp = await startServer()
    await writeFile(join(folder.path, 'x'), 'x')
    // CURLE_TFTP_PERM
    await expect(curl(await tftp.port(), 'x', '--upload-file', join(folder.path, 'x'))).rejects.toMatchObject({
      exitCode: 69,
    })
    expect(await readdir(root)).toEqual([])
  })
})

test('a file without content is one empty block', async ({ skip }) => {
  needsCommand('tftp', skip)
  await using tftp = await startServer()
  await writeFile(join(root, 'empty'), '')
  await writeFile(join(folder.path, 'empty'), 'not empty')
  await execa('tftp', ['-m', 'octet', '127.0.0.1', String(await tftp.port()), '-c', 'get', 'empty'], {
    cwd: folder.path,
  })
  expect(await readFile(join(folder.path, 'empty'), 'utf8')).toBe('')
})

type Loss = (index: number, fromServer: boolean) => boolean

describe('lost packets are sent again', { timeout: 60_000 }, () => {
  const every =
    (count: number): Loss =>
    (index) =>
      index % count === count - 1
  const content = image.subarray(0, 50_001)
  const answer: Loss = (index) => index === 1
  const acknowledgement: Loss = (index) => index === 2
  const acknowledgements: Loss = (index, fromServer) => !fromServer && index % 50 === 2

  test.for<[string, Loss]>([
    ['the first answer', answer],
    ['the first acknowledgement', acknowledgement],
    ['acknowledgements', acknowledgements],
    ['every 61st', every(61)],
  ])('to curl, without options: %s', async ([, loses], { skip }) => {
    needsCommand('curl', skip)
    await using tftp = await startServer()
    await writeFile(join(root, 'x'), content)
    await using network = await lossyNetwork(await tftp.port(), loses)
    // With options it asks for five seconds between two packets.
    expect(content.equals(await curl(network.port, 'x', '--tftp-no-options'))).toBe(true)
    expect(network.lost).toBeGreaterThan(0)
  })

  // It gives up when the answer to its options is repeated, so that its first acknowledgement has to arrive.
  test.for<[string, Loss]>([
    ['the first answer', answer],
    ['every 61st', every(61)],
  ])('to atftp, with options: %s', async ([, loses], { skip }) => {
    needsCommand('atftp', skip)
    await using tftp = await startServer()
    await writeFile(join(root, 'x'), content)
    await using network = await lossyNetwork(await tftp.port(), loses)
    const local = join(folder.path, 'got')
    const options = ['--option', 'tsize 0', '--tftp-timeout', '10']
    await execa('atftp', [...options, '-g', '-r', 'x', '-l', local, '127.0.0.1', String(network.port)])
    expect(content.equals(await readFile(local))).toBe(true)
    expect(network.lost).toBeGreaterThan(0)
  })

  test('to atftp, in windows', async ({ skip }) => {
    needsCommand('atftp', skip)
    await using tftp = await startServer()
    const content = image.subarray(0, 500_001)
    await writeFile(join(root, 'x'), content)
    await using network = await lossyNetwork(await tftp.port(), every(67))
    const local = join(folder.path, 'got')
    const options = ['--option', 'windowsize 8', '--option', 'blksize 1428']
    await execa('atftp', [...options, '-g', '-r', 'x', '-l', local, '127.0.0.1', String(network.port)])
    expect(content.equals(await readFile(local))).toBe(true)
    expect(network.lost).toBeGreaterThan(0)
  })
})
