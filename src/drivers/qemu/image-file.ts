import { open } from 'node:fs/promises'
import { resolve } from 'node:path'

import { runProgram } from '../../base/run-program.ts'
import { shownPath } from '../../base/shown-path.ts'
import { HardwareError, messageOf } from '../../errors.ts'

/** The longest that `qemu-img` may take to copy an image, in milliseconds. Its other commands are fast. */
const convertTimeoutMs = 600_000
/** The header of a qcow2 image: its first word, and the offsets of its fields (QEMU, docs/interop/qcow2.txt). */
const qcow2 = { magic: 0x51_46_49_fb, backingFileAt: 8, incompatibleFeaturesAt: 72, externalData: 1n << 2n, bytes: 80 }

/** The facts in the header of an image. */
export interface ImageFacts {
  readonly format: 'raw' | 'qcow2'
  /** True if a part of the image is in another file. */
  readonly refersToFile: boolean
}

/**
 * Reads the header of an image.
 *
 * @throws HardwareError DEVICE_IO when it cannot be read
 */
export async function inspectImage(path: string): Promise<ImageFacts> {
  let header = Buffer.alloc(qcow2.bytes)
  try {
    await using file = await open(path)
    const { bytesRead } = await file.read(header, 0, header.length, 0)
    header = header.subarray(0, bytesRead)
  } catch (cause) {
    throw new HardwareError('DEVICE_IO', `Cannot read the image ${shownPath(path)}: ${messageOf(cause)}`, {
      cause,
      origin: 'lab',
    })
  }
  if (header.length < qcow2.bytes || header.readUInt32BE(0) !== qcow2.magic)
    return { format: 'raw', refersToFile: false }
  const external = (header.readBigUInt64BE(qcow2.incompatibleFeaturesAt) & qcow2.externalData) !== 0n
  return { format: 'qcow2', refersToFile: header.readBigUInt64BE(qcow2.backingFileAt) !== 0n || external }
}

/**
 * Makes a qcow2 image.
 *
 * @param from an image that has the first content, and stays unchanged (default: an empty image)
 * @param bytes the size (default: that of `from`)
 */
export async function createImage(path: string, from: string | undefined, bytes?: number): Promise<void> {
  // A relative path would begin at the folder of the new image.
  const base = from === undefined ? [] : ['-b', resolve(from), '-F', (await inspectImage(from)).format]
  await qemuImg(['create', '-q', '-f', 'qcow2', ...base, path, ...(bytes === undefined ? [] : [String(bytes)])])
}

/** Makes an image larger. */
export async function growImage(path: string, bytes: number): Promise<void> {
  await qemuImg(['resize', '-q', '-f', 'qcow2', path, String(bytes)])
}

/** Writes the content of a qcow2 image into a new file of a format. */
export async function convertImage(path: string, format: ImageFacts['format'], into: string): Promise<void> {
  await qemuImg(['convert', '-q', '-f', 'qcow2', '-O', format, path, into], convertTimeoutMs)
}

/** Reads the size of the disk in an image, in bytes. A path that begins with `-` or `nbd:` is a file, too. */
export async function diskBytes(path: string): Promise<number> {
  const { format } = await inspectImage(path)
  const info = JSON.parse(await qemuImg(['info', '--output=json', '-f', format, resolve(path)])) as {
    'virtual-size': number
  }
  return info['virtual-size']
}

/** @throws HardwareError PROGRAM_MISSING, or DEVICE_IO with the output of qemu-img */
async function qemuImg(args: readonly string[], timeoutMs = 30_000): Promise<string> {
  return (await runProgram(['qemu-img', ...args], { install: 'apt install qemu-utils', timeoutMs })).stdout
}
