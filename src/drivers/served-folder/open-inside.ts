import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'

import { normalizePath } from '../opendal/paths.ts'

/** A file that is open to be read. Who gets it closes it. */
export interface FileInside {
  readonly handle: FileHandle
  /** Bytes, when it was opened. */
  readonly size: number
  /** When it was last written, in milliseconds since 1970. */
  readonly modifiedMs: number
}

/** Why there is no file to read: nothing has that name, or what has it is not to be read. */
export type Refusal = 'missing' | 'forbidden'

/** What the system answers where there is no such file. */
const missingCodes: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'])

/** What it answers where this user must not read a file, or where the file is no plain one. */
const forbiddenCodes: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'ENXIO'])

/**
 * Opens a plain file below a folder, by a path that a stranger has sent. A path out of the folder is refused, and so is
 * a link that leads out of it, a folder and a device.
 *
 * @param path relative to the folder, with or without a slash at its beginning
 * @throws what the system answers when it cannot read: too many open files, a broken disk
 */
export async function openInside(folder: string, path: string): Promise<FileInside | Refusal> {
  if (path.includes('\0')) return 'missing'
  try {
    const root = await realpath(folder)
    const file = await realpath(join(root, normalizePath(path)))
    if (!file.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)) return 'forbidden'
    // Not blocking: opening a pipe would wait for a writer. Nor following a link that has come since.
    return await statFile(await open(file, constants.O_RDONLY | noBlock | noFollow))
  } catch (error) {
    if (error instanceof RangeError) return 'forbidden'
    const { code } = error as NodeJS.ErrnoException
    if (missingCodes.has(code)) return 'missing'
    if (forbiddenCodes.has(code)) return 'forbidden'
    throw error
  }
}

/** Windows has neither flag. */
const { O_NONBLOCK: noBlock = 0, O_NOFOLLOW: noFollow = 0 } = constants as { O_NONBLOCK?: number; O_NOFOLLOW?: number }

async function statFile(handle: FileHandle): Promise<FileInside | Refusal> {
  try {
    const stats = await handle.stat()
    if (stats.isFile()) return { handle, size: stats.size, modifiedMs: stats.mtimeMs }
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return 'forbidden'
}
