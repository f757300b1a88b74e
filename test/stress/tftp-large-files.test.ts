import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { needsCommand } from '../support/system-part.ts'
import { atftp, createTftpFolder, curl, startServer } from '../support/tftp-clients.ts'
import { scaled } from './support/scaled.ts'

const image = randomBytes(scaled(20) * 1024 * 1024 + 11)
/** One block more than there are block numbers, in blocks of 8 bytes. */
const manyBlocks = 8 * 0x1_0000 + 8 * 100 + 3

let folder: Awaited<ReturnType<typeof createTftpFolder>>
beforeEach(async ({ skip }) => {
  needsCommand('curl', skip)
  needsCommand('atftp', skip)
  folder = await createTftpFolder()
})
afterEach(() => folder?.remove())

test.for([
  ['with its options'],
  ['with blocks of 1468 bytes', '--tftp-blksize', '1468'],
  ['with blocks of 65464 bytes', '--tftp-blksize', '65464'],
  ['without options', '--tftp-no-options'],
])('curl %s gets 20 MiB', async ([, ...args]) => {
  await using tftp = await startServer(folder.root)
  await tftp.storage.writeBytes('boot/image', image)
  expect(image.equals(await curl(await tftp.port(), 'boot/image', ...args))).toBe(true)
})

test('curl gets more blocks than there are block numbers', async () => {
  await using tftp = await startServer(folder.root)
  const content = randomBytes(manyBlocks)
  await writeFile(join(folder.root, 'x'), content)
  expect(content.equals(await curl(await tftp.port(), 'x', '--tftp-blksize', '8'))).toBe(true)
})

test.for(['1', '8', '64', '1000'])('atftp with a window of %s blocks gets 20 MiB', async (window) => {
  await using tftp = await startServer(folder.root)
  await writeFile(join(folder.root, 'x'), image)
  const options = [`windowsize ${window}`, 'blksize 1428', 'tsize 0']
  expect(image.equals(await atftp(await tftp.port(), 'x', join(folder.path, 'got'), options))).toBe(true)
})

test('atftp gets more blocks than there are block numbers, in windows', async () => {
  await using tftp = await startServer(folder.root)
  const content = randomBytes(2 * manyBlocks)
  await writeFile(join(folder.root, 'x'), content)
  const got = await atftp(await tftp.port(), 'x', join(folder.path, 'got'), ['windowsize 60', 'blksize 8'])
  expect(content.equals(got)).toBe(true)
})
