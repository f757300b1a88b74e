import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { describeFlasher, describeStorage, describeStorageMux } from '../../src/conformance/index.ts'
import { MockFlasher, MockStorageMux, MockStorageMuxFlasher, OpendalDriver, Qemu } from '../../src/drivers/index.ts'
import { simulatedBoards } from './support/boards.ts'
import { dataOf } from './support/intel-hex.ts'

const noDevice = { against: 'no device: the driver keeps files' }
const nothingToLeave = 'there is no device that could go away'

describeFlasher('MockFlasher', () => ({ driver: new MockFlasher() }), {
  ...noDevice,
  lacks: { badImage: 'it takes every image', interrupt: nothingToLeave },
})

for (const { name, against, create, firmware } of simulatedBoards) {
  describeFlasher(name, () => ({ driver: create() }), {
    against,
    path: 'flasher',
    image: firmware,
    badImage: Buffer.from('no image'),
    isSame: (image, dump) => dataOf(image) === dataOf(dump),
    lacks: { interrupt: 'the board runs inside the driver' },
  })
}

describeFlasher('Qemu', () => ({ driver: new Qemu({ arch: 'aarch64' }) }), {
  against: 'the disk of a board in QEMU, which is off',
  path: 'flasher',
  badImage: qcow2Of('/etc/hostname'),
  lacks: { interrupt: 'the driver itself starts and ends QEMU' },
})

/** The head of a qcow2 image whose content is in another file (QEMU, docs/interop/qcow2.txt). */
function qcow2Of(backingFile: string): Buffer {
  const head = Buffer.alloc(512)
  head.writeUInt32BE(0x51_46_49_fb, 0)
  head.writeUInt32BE(3, 4)
  head.writeBigUInt64BE(104n, 8)
  head.writeUInt32BE(backingFile.length, 16)
  head.write(backingFile, 104)
  return head
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
