import { join } from 'node:path'

import type { FlashJob, Recipe } from '../recipe.ts'

/** The bytes of a block, and the offsets of its flags and its family (UF2 specification, <https://github.com/microsoft/uf2>). */
const [blockBytes, flagsOffset, familyOffset] = [512, 8, 28]
/** The flag of blocks that name their family. */
const hasFamily = 0x2000

/** The families of chips (`utils/uf2families.json` there), and the forms of their boards' ids. */
const families: readonly { readonly id: number; readonly name: string; readonly board: RegExp }[] = [
  { id: 0xe48b_ff56, name: 'RP2040', board: /^RPI-RP2$/ },
  { id: 0xe48b_ff59, name: 'RP2350', board: /^RP2350$/ },
  { id: 0x68ed_2b88, name: 'SAMD21', board: /^SAMD21/ },
  { id: 0x5511_4460, name: 'SAMD51', board: /^SAMD51/ },
  { id: 0xada5_2840, name: 'nRF52840', board: /^nRF52840/i },
]

const folderOf = ({ config }: Pick<FlashJob, 'config'>) => config.folder ?? ''

/** Boards whose loader shows a drive, and takes the image that is copied there: <https://github.com/microsoft/uf2>. */
export const uf2: Recipe = {
  program: 'cp',
  install: 'apt install coreutils',
  version: { args: ['--version'], pattern: /coreutils\) (?<version>[\d.]+)/, oldest: '8.24' },
  required: ['folder', 'chip'],
  optional: [],
  kinds: ['uf2'],
  otherBoard(image, { chip = '' }) {
    const own = families.find(({ board }) => board.test(chip))
    const found = familiesOf(image)
    // An image may have blocks for several chips, which ignore those of the others.
    if (own === undefined || found.size === 0 || found.has(own.id)) return undefined
    return families.find(({ id }) => found.has(id))?.name
  },
  identify(config) {
    return {
      run: { program: 'cat', args: [join(folderOf({ config }), 'INFO_UF2.TXT')], phase: 'check' },
      found: (output) => /^Board-ID:\s*(?<id>\S+)/im.exec(output)?.groups?.['id'],
      expected: config.chip,
    }
  },
  flash(job) {
    return [
      { args: [job.file, join(folderOf(job), 'firmware.uf2')], phase: 'write' },
      // The board restarts at the last block, and takes its drive with it.
      { program: 'sync', args: ['-f', folderOf(job)], phase: 'verify', exitCodes: [1] },
    ]
  },
  failures: [
    {
      pattern: /INFO_UF2\.TXT: No such file/i,
      code: 'DEVICE_IO',
      text: 'the folder is not the drive of a loader with UF2',
    },
    {
      pattern: /input\/output error|no such device|no such file/i,
      code: 'DEVICE_IO',
      text: 'the board went away before it had the whole image',
    },
  ],
}

/** The families that the blocks of an image name. */
function familiesOf(image: Buffer): ReadonlySet<number> {
  const found = new Set<number>()
  for (let block = 0; block + blockBytes <= image.length; block += blockBytes) {
    if ((image.readUInt32LE(block + flagsOffset) & hasFamily) !== 0) found.add(image.readUInt32LE(block + familyOffset))
  }
  return found
}
