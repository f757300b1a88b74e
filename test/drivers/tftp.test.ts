import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { lossyNetwork } from '../support/datagrams.ts'
import { needsCommand } from '../support/system-part.ts'
import { atftp, createTftpFolder, curl, startServer } from '../support/tftp-clients.ts'

/** Stress tests get larger files. */
const image = randomBytes(2 * 1024 * 1024 + 11)

let folder: Awaited<ReturnType<typeof createTftpFolder>>
let root: string
beforeEach(async () => {
  folder = await createTftpFolder()
  root = folder.root
})
afterEach(() => folder.remove())

describe('clients of others get files:', { timeout: 60_000 }, () => {
  beforeEach(({ skip }) => needsCommand('curl', skip))

  test.for([
    ['with its options'],
    ['with blocks of 1468 bytes', '--tftp-blksize', '1468'],
    ['with blocks of 65464 bytes', '--tftp-blksize', '65464'],
    ['without options', '--tftp-no-options'],
  ])('curl %s, 2 MiB', async ([, ...args]) => {
    await using tftp = await startServer(root)
    await tftp.storage.writeBytes('boot/image', image)
    expect(image.equals(await curl(await tftp.port(), 'boot/image', ...args))).toBe(true)
  })

  test.for([1, 511, 512, 513, 1024, 65_535, 65_536])('curl, %d bytes', async (size) => {
    await using tftp = await startServer(root)
    const content = image.subarray(0, size)
    await writeFile(join(root, 'x'), content)
    expect(content.equals(await curl(await tftp.port(), 'x'))).toBe(true)
  })

  test('curl, ten at a time', async () => {
    await using tftp = await startServer(root)
    const port = await tftp.port()
    const files = Array.from({ length: 10 }, (_, index) => image.subarray(index * 1000, index * 1000 + 300_000))
    for (const [index, content] of files.entries()) await writeFile(join(root, String(index)), content)
    const got = await Promise.all(files.map((_, index) => curl(port, String(index))))
    expect(files.map((content, index) => content.equals(got[index] ?? Buffer.alloc(0)))).not.toContain(false)
  })

  test('the client of BSD, also in netascii', async ({ skip }) => {
    needsCommand('tftp', skip)
    await using tftp = await startServer(root)
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
    await using tftp = await startServer(root)
    await writeFile(join(root, 'x'), image)
    const got = await atftp(await tftp.port(), 'x', join(folder.path, 'got'), [
      `windowsize ${window}`,
      'blksize 1428',
      'tsize 0',
    ])
    expect(image.equals(got)).toBe(true)
  })

  test('and cannot write', async () => {
    await using tftp = await startServer(root)
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
  await using tftp = await startServer(root)
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
    await using tftp = await startServer(root)
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
    await using tftp = await startServer(root)
    await writeFile(join(root, 'x'), content)
    await using network = await lossyNetwork(await tftp.port(), loses)
    const got = await atftp(network.port, 'x', join(folder.path, 'got'), ['tsize 0'], '--tftp-timeout', '10')
    expect(content.equals(got)).toBe(true)
    expect(network.lost).toBeGreaterThan(0)
  })

  test('to atftp, in windows', async ({ skip }) => {
    needsCommand('atftp', skip)
    await using tftp = await startServer(root)
    const content = image.subarray(0, 500_001)
    await writeFile(join(root, 'x'), content)
    await using network = await lossyNetwork(await tftp.port(), every(67))
    const got = await atftp(network.port, 'x', join(folder.path, 'got'), ['windowsize 8', 'blksize 1428'])
    expect(content.equals(got)).toBe(true)
    expect(network.lost).toBeGreaterThan(0)
  })
})
