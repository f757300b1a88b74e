import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { beforeEach, expect, test } from 'vitest'

import type { CommandFlasherConfig } from '../../../src/drivers/index.ts'
import {
  appAddress,
  esp32Image,
  espHeader,
  missingEsptool,
  startEsp32Board,
} from '../../support/loaders/esp32-board.ts'
import { espMagic } from '../../support/loaders/esp32-loader.ts'
import { phasesOf, serveFlasher } from '../../support/loaders/serve-flasher.ts'
import { needsCommand } from '../../support/system-part.ts'

beforeEach(({ skip }) => {
  const missing = missingEsptool()
  if (missing !== undefined) skip(missing)
  needsCommand('socat', skip)
})

const serveBoard = async (config?: Partial<CommandFlasherConfig>) => serveFlasher(await startEsp32Board(), config)

test('flashes an ESP32, tells the progress, and does not flash again what is there', async () => {
  await using board = await serveBoard()
  const told = await board.flash(esp32Image)
  const { length } = esp32Image
  expect(phasesOf(told)).toEqual([
    ['upload', length, length],
    ['prepare', 0, undefined],
    ['check', 0, length],
    ['erase', 0, length],
    ['write', length, length],
    ['verify', 0, length],
    ['finish', 0, undefined],
    ['done', length, length],
  ])
  expect(told.filter(({ phase }) => phase === 'write').length).toBeGreaterThan(3)
  expect(board.loader.flash.subarray(appAddress, appAddress + length).equals(esp32Image)).toBe(true)
  const { writtenBlocks } = board.loader
  expect(phasesOf(await board.flash(esp32Image, { ifDifferent: true })).at(-1)?.[0]).toBe('unchanged')
  expect(board.loader.writtenBlocks).toBe(writtenBlocks)
  board.loader.flash[appAddress + 40] = 0xff
  expect(phasesOf(await board.flash(esp32Image, { ifDifferent: true })).at(-1)?.[0]).toBe('done')
})

test('writes to an address, at another baud rate, and reads the flash back', async () => {
  await using board = await serveBoard({ baudrate: 230_400 })
  await board.client.flash(esp32Image, { target: '0x20000' })
  expect(board.loader.flash.subarray(0x20000, 0x20000 + esp32Image.length).equals(esp32Image)).toBe(true)
  const into = new PassThrough()
  const [dump] = await Promise.all([buffer(into), board.client.dump(into)])
  expect(dump.equals(board.loader.flash)).toBe(true)
  for (const target of ['app', '-x', '0x']) {
    await expect(board.client.flash(esp32Image, { target })).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  }
})

test.each([
  ['another chip', { magic: espMagic.esp32s2 }, {}, 'ESP32', 'ESP32-S2'],
  [
    'a chip that it does not know',
    { magic: espMagic.unknown },
    {},
    'esp32',
    'another chip: read chip magic value 0x12345678',
  ],
  ['another board', {}, { id: '24:0A:C4:00:00:01' }, '24:0A:C4:00:00:01', '24:0a:c4:12:34:56'],
])('refuses %s, writes nothing, and leaves the board off', async (_name, chip, config, expected, found) => {
  await using board = await serveBoard(config)
  Object.assign(board.loader, chip)
  await expect(board.flash(esp32Image)).rejects.toMatchObject({
    code: 'WRONG_BOARD',
    origin: 'board',
    details: { expected, found },
    message: expect.stringContaining('nothing was written'),
  })
  expect(board.loader.writtenBlocks).toBe(0)
  expect(board.board.isOn).toBe(false)
  Object.assign(board.loader, { magic: espMagic.esp32, mac: '24:0a:c4:00:00:01' })
  await board.flash(esp32Image)
})

test.each([
  [
    'for another chip',
    Buffer.concat([espHeader(9), Buffer.alloc(500)]),
    'The image is for esp32s3; the board has esp32',
  ],
  ['that is too large', Buffer.alloc(193 * 1024, 'x'), 'esptool: the image is larger than the flash'],
  [
    'of another kind',
    Buffer.from('\x7fELF'),
    'The image is ELF; esptool takes an image of Espressif, bytes without a format',
  ],
])('refuses an image %s', async (_name, image, message) => {
  await using board = await serveBoard()
  await expect(board.flash(image)).rejects.toMatchObject({
    code: 'IMAGE_INVALID',
    origin: 'test',
    message: expect.stringContaining(message),
  })
  expect(board.loader.writtenBlocks).toBe(0)
})

test('blames the board that does not answer, or does not keep what is written, and the lab for the port', async () => {
  await using silent = await serveBoard({ enter: [{ wait: 0 }], args: ['--no-stub', '--connect-attempts', '1'] })
  await expect(silent.flash(esp32Image)).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'board',
    message: expect.stringContaining('esptool: no board answers'),
  })
  await using worn = await serveBoard()
  worn.loader.worn = appAddress + 4
  await expect(worn.flash(esp32Image)).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'board',
    message: expect.stringContaining('esptool: the board has another content than was written'),
  })
  expect(worn.board.isOn).toBe(false)
  worn.loader.worn = -1
  await worn.flash(esp32Image)
  await using noPort = await serveBoard({ port: '/dev/null' })
  await expect(noPort.flash(esp32Image)).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
})

test('names a chip that esptool does not have', async () => {
  await using board = await serveBoard({ chip: 'esp32x9' })
  await expect(board.flash(Buffer.alloc(64))).rejects.toMatchObject({ code: 'EXPORTER_CONFIG_INVALID' })
})
