import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { beforeEach, expect, test } from 'vitest'

import type { CommandFlasherConfig } from '../../../src/drivers/index.ts'
import { phasesOf, serveFlasher } from '../../support/loaders/serve-flasher.ts'
import { startStm32Board, stm32Image } from '../../support/loaders/stm32-board.ts'
import { needsCommand } from '../../support/system-part.ts'

beforeEach(({ skip }) => {
  needsCommand('stm32flash', skip)
  needsCommand('socat', skip)
})

const serveBoard = async (config?: Partial<CommandFlasherConfig>) => serveFlasher(await startStm32Board(), config)

test('flashes an STM32, tells the progress, starts the program, and does not flash again what is there', async () => {
  await using board = await serveBoard()
  const told = await board.flash(stm32Image)
  const { length } = stm32Image
  expect(phasesOf(told)).toEqual([
    ['upload', length, length],
    ['prepare', 0, undefined],
    ['check', 0, length],
    ['erase', 0, length],
    ['write', length, length],
    ['finish', 0, undefined],
    ['done', length, length],
  ])
  expect(told.filter(({ phase }) => phase === 'write').length).toBeGreaterThan(10)
  expect(board.loader.flash.subarray(0, length).equals(stm32Image)).toBe(true)
  expect(board.loader.startedAt).toBe(0x0800_0000)
  const { writtenBlocks } = board.loader
  expect(phasesOf(await board.flash(stm32Image, { ifDifferent: true })).at(-1)?.[0]).toBe('unchanged')
  expect(board.loader.writtenBlocks).toBe(writtenBlocks)
  board.loader.flash[7] = 0xff
  expect(phasesOf(await board.flash(stm32Image, { ifDifferent: true })).at(-1)?.[0]).toBe('done')
})

test('writes to an address, and reads the flash back', async () => {
  await using board = await serveBoard({ leave: [{ cycle: 'power', seconds: 0 }] })
  await board.client.flash(stm32Image, { target: '0x08004000' })
  expect(board.loader.flash.subarray(0x4000, 0x4000 + stm32Image.length).equals(stm32Image)).toBe(true)
  const into = new PassThrough()
  const [dump] = await Promise.all([buffer(into), board.client.dump(into)])
  expect(dump.equals(board.loader.flash)).toBe(true)
  for (const target of ['flash', '-x', '0x']) {
    await expect(board.client.flash(stm32Image, { target })).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  }
})

test('refuses another chip, which stm32flash itself would write', async () => {
  await using board = await serveBoard()
  board.loader.productId = 0x413
  await expect(board.flash(stm32Image)).rejects.toMatchObject({
    code: 'WRONG_BOARD',
    origin: 'board',
    details: { expected: '0x410', found: '0x413' },
    message: expect.stringContaining('another board is there (expected 0x410, found 0x413); nothing was written'),
  })
  expect(board.loader.writtenBlocks).toBe(0)
  expect(board.board.isOn).toBe(false)
  board.loader.productId = 0x410
  await board.flash(stm32Image)
})

test('refuses images that stm32flash would write: too large, damaged, of another kind', async () => {
  await using board = await serveBoard()
  await expect(board.flash(Buffer.alloc(129 * 1024, 'x'))).rejects.toMatchObject({
    code: 'IMAGE_INVALID',
    message: expect.stringContaining('the image is larger than the flash'),
  })
  const { writtenBlocks } = board.loader
  const damaged = Buffer.from(':0400000001020304F2\n:0400040001020304F1\n:00000001FF\n')
  await expect(board.flash(damaged)).rejects.toMatchObject({
    code: 'IMAGE_INVALID',
    message: expect.stringContaining('Line 2 of the image is damaged'),
  })
  await expect(board.flash(Buffer.from('\x7fELF'))).rejects.toMatchObject({ code: 'IMAGE_INVALID', origin: 'test' })
  expect(board.loader.writtenBlocks).toBe(writtenBlocks)
  const whole = Buffer.from(':0400000001020304F2\n:0400040001020304EE\n:00000001FF\n')
  await board.flash(whole)
  expect(board.loader.flash.subarray(0, 8).toString('hex')).toBe('0102030401020304')
})

test('blames the board that does not answer, stops, or does not keep what is written', async () => {
  await using board = await serveBoard({ enter: [] })
  await expect(board.flash(stm32Image)).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'board' })
  await using other = await serveBoard()
  other.loader.worn = 4
  await expect(other.flash(stm32Image)).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'board',
    message: expect.stringContaining('stm32flash: the board has another content than was written'),
  })
  other.loader.worn = -1
  await other.flash(stm32Image)
})
