import fc from 'fast-check'
import { expect, test } from 'vitest'

import { toUf2, uf2Format } from '../../src/drivers/rp2040-board/uf2.ts'

const flashBytes = 64 * 1024
const erasedFlash = () => new Uint8Array(flashBytes).fill(0xff)
const write = (image: Uint8Array, flash = erasedFlash()) => uf2Format.write(Buffer.from(image), flash)

/** Programs of some length at some page, in a flash that is erased otherwise. */
const flashes = fc
  .record({ page: fc.nat(200), bytes: fc.uint8Array({ minLength: 1, maxLength: 4000 }) })
  .map(({ page, bytes }) => {
    const flash = erasedFlash()
    flash.set(bytes.fill(0, 0, 1), page * 256)
    return flash
  })

/** An image of two pages. */
function twoPages(): Buffer {
  const flash = erasedFlash()
  flash.fill(1, 0, 512)
  return Buffer.from(toUf2(flash))
}

/** Changes words of an image, by their places in bytes. */
function changed(words: Readonly<Record<number, number>>): Buffer {
  const image = twoPages()
  for (const [place, value] of Object.entries(words)) image.writeUInt32LE(value, Number(place))
  return image
}

test('an image that was read from a flash brings back its content, in any order of the blocks', async () => {
  await fc.assert(
    fc.asyncProperty(flashes, fc.infiniteStream(fc.nat()), async (flash, order) => {
      const image = toUf2(flash)
      const blocks = Array.from({ length: image.length / 512 }, (_, n) => image.subarray(n * 512, (n + 1) * 512))
      const shuffled = blocks
        .map((block) => ({ block, key: order.next().value as number }))
        .toSorted((a, b) => a.key - b.key)
      expect(await write(Buffer.concat(shuffled.map(({ block }) => block)))).toEqual(flash)
    }),
    { numRuns: 50 },
  )
})

test('sectors that the image does not name keep their content; the others are erased first', async () => {
  const flash = await write(twoPages(), new Uint8Array(flashBytes))
  expect(flash.findIndex((byte) => byte === 0xff)).toBe(512)
  expect(flash.findIndex((byte) => byte === 0)).toBe(4096)
})

test('blocks for other chips, and comments, are ignored', async () => {
  const image = twoPages()
  const other = changed({ 28: 0xe48b_ff59, 12: 0x2000_0000 }).subarray(0, 512)
  const comment = changed({ 8: 0x2001 }).subarray(0, 512)
  expect(await write(Buffer.concat([other, image, comment]))).toEqual(await write(image))
})

test.each([
  ['no bytes', Buffer.alloc(0), 'The image has 0 bytes; UF2 has blocks of 512 bytes'],
  ['a cut block', twoPages().subarray(0, 700), 'The image has 700 bytes; UF2 has blocks of 512 bytes'],
  ['another beginning', changed({ 0: 0 }), 'Block 0 (byte 0) does not have the magic numbers of UF2'],
  ['another second number', changed({ 516: 0 }), 'Block 1 (byte 512) does not have the magic numbers of UF2'],
  ['another end', changed({ 1020: 0 }), 'Block 1 (byte 512) does not have the magic numbers of UF2'],
  ['a half page', changed({ 528: 128 }), 'Block 1 (byte 512) has 128 bytes of data; the RP2040 takes 256'],
  [
    'an address in the RAM',
    changed({ 12: 0x2000_0000 }),
    'Block 0 (byte 0) is for the address 0x20000000; the flash has 0x10000000 to 0x10010000 in steps of 256',
  ],
  ['an address behind the flash', changed({ 524: 0x1001_0000 }), 'Block 1 (byte 512) is for the address 0x10010000'],
  ['an address inside a page', changed({ 524: 0x1000_0101 }), 'Block 1 (byte 512) is for the address 0x10000101'],
  ['a page twice', changed({ 524: 0x1000_0000 }), 'Block 1 (byte 512) writes to 0x10000000 again'],
  ['another count', changed({ 536: 7 }), 'Block 1 (byte 512) is number 1 of 7; the first block says that there are 2'],
  ['a missing block', twoPages().subarray(512), 'The image has 1 of 2 blocks; number 0 is missing'],
  [
    'another chip',
    changed({ 28: 0xada5_2840, 540: 0xada5_2840 }),
    'The image has no block for the RP2040 (family 0xe48bff56); its families are 0xada52840',
  ],
  ['no family', changed({ 8: 0, 520: 0 }), 'no block names a family of chips'],
])('an image with %s is refused', async (_what, image, message) => {
  await expect(write(image)).rejects.toMatchObject({
    code: 'IMAGE_INVALID',
    message: expect.stringContaining(message),
  })
})
