import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { Readable } from 'node:stream'

import { HardwareError, messageOf } from '../../errors.ts'
import { longestName, tarOf } from './tar.ts'

/** The permissions of new files: their owner may change and run them, and all may read and run them. */
const fileMode = 0o755

/**
 * Makes the archive with which an engine takes a file.
 *
 * @param file the path of the content on this machine
 * @param path the absolute path of the file in the container
 * @throws HardwareError ARGUMENT_INVALID for another path, DEVICE_IO with origin `lab` when the content cannot be read
 */
export async function archiveOf(file: string, path: string): Promise<Readable> {
  const name = basename(path)
  if (!path.startsWith('/') || name === '' || Buffer.byteLength(name) > longestName) {
    const message = `${JSON.stringify(path)} is not the absolute path of a file whose name has at most ${longestName} bytes`
    throw new HardwareError('ARGUMENT_INVALID', message)
  }
  const { size } = await stat(file).catch((cause: unknown) => {
    throw new HardwareError('DEVICE_IO', `Cannot read ${file}: ${messageOf(cause)}`, { cause, origin: 'lab' })
  })
  return Readable.from(tarOf(name, size, fileMode, createReadStream(file)), { objectMode: false })
}
