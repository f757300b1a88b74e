import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { describeFlasher, describeStorage, describeStorageMux } from '../../src/conformance/index.ts'
import { MockFlasher, MockStorageMux, MockStorageMuxFlasher, OpendalDriver } from '../../src/drivers/index.ts'
import { avrFirmware, createAvrBoard } from './support/boards.ts'

const noDevice = { against: 'no device: the driver keeps files' }
const nothingToLeave = 'there is no device that could go away'

describeFlasher('MockFlasher', () => ({ driver: new MockFlasher() }), {
  ...noDevice,
  lacks: { badImage: 'it takes every image', interrupt: nothingToLeave },
})

describeFlasher('AvrBoard', () => ({ driver: createAvrBoard() }), {
  against: 'avr8js 0.21, an Arduino Uno',
  path: 'flasher',
  image: avrFirmware,
  badImage: Buffer.from('no Intel HEX'),
  isSame: (image, dump) => dataOf(image) === dataOf(dump),
  lacks: { interrupt: 'the board runs inside the driver' },
})

/** The data of an image in Intel HEX, whatever the length of its lines. */
function dataOf(image: Uint8Array): string {
  const records = Buffer.from(image)
    .toString('latin1')
    .matchAll(/^:.{6}00(?<data>.*)..\r?$/gm)
  return Array.from(records, ({ groups }) => groups?.['data']?.toUpperCase()).join('')
}

describeStorageMux('MockStorageMux', () => ({ driver: new MockStorageMux() }), {
  ...noDevice,
  lacks: { interrupt: nothingToLeave },
})

describeStorageMux('MockStorageMuxFlasher', () => ({ driver: new MockStorageMuxFlasher() }), {
  ...noDevice,
  totalBytes: 1024 * 1024,
  lacks: { interrupt: nothingToLeave },
})

describeStorage(
  'Opendal',
  async () => {
    const folder = await createPrivateFolder()
    const driver = new OpendalDriver({ scheme: 'fs', kwargs: { root: folder.path } })
    return { driver, [Symbol.asyncDispose]: () => folder.remove() }
  },
  { against: 'a folder (fs)', lacks: { interrupt: 'the folder is on this machine' } },
)

describeStorage('Opendal', () => ({ driver: new OpendalDriver({ scheme: 'memory' }) }), {
  against: 'memory',
  totalBytes: 1024 * 1024,
  lacks: {
    copy: 'OpenDAL’s memory cannot copy',
    rename: 'OpenDAL’s memory cannot rename',
    interrupt: 'the memory is that of this process',
  },
})
