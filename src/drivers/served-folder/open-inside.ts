import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'

import { normalizePath } from '../opendal/paths.ts'

/** A file that is open for reading. The caller closes it. */
export interface FileInside {
  readonly handle: FileHandle
  /** The size at the time of the opening, in bytes. */
  readonly size: number
  /** The time of the last change, in milliseconds since 1970. */
  readonly modifiedMs: number
}

/** The reason why no file was opened: nothing has that name, or it must not be read. */
export type Refusal = 'missing' | 'forbidden'

/** The error codes of the system for a file that does not exist. */
const missingCodes: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'])

/** The error codes of the system for a file that this user must not read, or that is not a plain file. */
const forbiddenCodes: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'ENXIO'])

/**
 * Opens a plain file below a folder, by a path from an untrusted peer. A path or a link that leads out of the folder is refused, and so
 * are folders and devices.
 *
 * @param path relative to the folder, with or without a slash at its beginning
 * @throws the error of the system when it cannot read, such as too many open files or a broken disk
 */
export async function openInside(folder: string, path: string): Promise<FileInside | Refusal> {
  if (path.includes('\0')) return 'missing'
  try {
    const root = await realpath(folder)
    const file = await realpath(join(root, normalizePath(path)))
    if (!file.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)) return 'forbidden'
    // The opening of a pipe would block until a writer comes. A link may have taken the place of the file in the meantime.
    return await statFile(await open(file, constants.O_RDONLY | noBlock | noFollow))
  } catch (error) {
    if (error instanceof RangeError) return 'forbidden'
    const { code } = error as NodeJS.ErrnoException
    if (missingCodes.has(code)) return 'missing'
    if (forbiddenCodes.has(code)) return 'forbidden'
    throw error
  }
}

/** The flags are 0 on Windows, which has neither. */
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
