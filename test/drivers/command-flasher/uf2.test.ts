import { expect, test } from 'vitest'

import { phasesOf, serveFlasher } from '../../support/loaders/serve-flasher.ts'
import { startUf2Board, uf2Image } from '../../support/loaders/uf2-board.ts'

const isForSamd = (image: Uint8Array) => {
  const copy = Buffer.from(image)
  for (let block = 0; block < copy.length; block += 512) copy.writeUInt32LE(0x68ed_2b88, block + 28)
  return copy
}

test('copies an image to the drive of a loader, which comes when the board enters it', async () => {
  await using board = await serveFlasher(await startUf2Board())
  expect(phasesOf(await board.flash(uf2Image)).map(([phase]) => phase)).toEqual([
    'upload',
    'prepare',
    'check',
    'write',
    'verify',
    'finish',
    'done',
  ])
  expect(board.drive.image?.equals(uf2Image)).toBe(true)
  // Nobody can read the image back, so that it is written again.
  expect(phasesOf(await board.flash(uf2Image, { ifDifferent: true })).at(-1)?.[0]).toBe('done')
  await expect(board.client.dump('/dev/null')).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
})

test('refuses another board, and an image for another chip', async () => {
  await using board = await serveFlasher(await startUf2Board())
  await expect(board.flash(isForSamd(uf2Image))).rejects.toMatchObject({
    code: 'IMAGE_INVALID',
    message: expect.stringContaining('The image is for SAMD21; the board has RPI-RP2'),
  })
  board.drive.boardId = 'RP2350'
  await expect(board.flash(uf2Image)).rejects.toMatchObject({
    code: 'WRONG_BOARD',
    details: { expected: 'RPI-RP2', found: 'RP2350' },
  })
  expect(board.drive.isOn).toBe(false)
  board.drive.boardId = 'RPI-RP2'
  await board.flash(Buffer.concat([isForSamd(uf2Image), uf2Image]))
})

test('blames the board for a folder that is not the drive of a loader', async () => {
  await using board = await serveFlasher(await startUf2Board(), { enter: [], folder: '/dev' })
  await expect(board.flash(uf2Image)).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'board',
    message: expect.stringContaining('cp: the folder is not the drive of a loader'),
  })
})
