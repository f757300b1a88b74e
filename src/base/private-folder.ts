import { rmSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { HardwareError, messageOf } from '../errors.ts'

/** The longest path a unix socket can have on macOS; Linux allows four bytes more (`sun_path` in sys/un.h). */
const maxSocketPath = 103

/** The end of the path of a private folder that is being removed. */
export const removedSuffix = '.removed'
/** The text after {@link privateFolderPrefix} as long as a watched folder has no socket. */
export const unfinishedMark = 'new-'

/** A folder that only this user can enter. */
export interface PrivateFolder {
  readonly path: string
  remove(): Promise<void>
}

/** A private folder in which this process listens on a socket until the folder is removed. */
interface WatchedFolder extends PrivateFolder {
  /** The path of the socket. */
  readonly socket: string
}

/** The name of the socket in a watched folder. */
const socketName = 'in-use.sock'

/** The folder for the private folders of this process, if {@link createCommonFolder} has made one. */
let common: string | undefined

/** Makes a folder (mode 0700) for sockets, with a path short enough for them. */
export async function createPrivateFolder(): Promise<PrivateFolder> {
  const path = await makeFolder(common === undefined ? privateFolderPrefix() : join(common, 'p-'))
  return { path, remove: () => removePrivateFolder(path) }
}

/**
 * Makes a private folder in which this process listens on a socket until the folder is removed. Other processes see by the
 * socket that the folder is in use, or that a killed process has left it. The folder has another name until it has the socket. The
 * exit of the process removes the folder.
 */
export async function createWatchedFolder(): Promise<WatchedFolder> {
  const prefix = privateFolderPrefix()
  const unfinished = await makeFolder(`${prefix}${unfinishedMark}`)
  const path = `${prefix}${unfinished.slice(prefix.length + unfinishedMark.length)}`
  const server = createServer((socket) => socket.destroy()).unref()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(join(unfinished, socketName), resolve)
    })
    await rename(unfinished, path)
  } catch (error) {
    server.close()
    await rm(unfinished, { recursive: true, force: true })
    throw error
  }
  // A process that exits early, for example after a second signal, removes its folder too.
  const removeAtExit = () => {
    for (const folder of [path, `${path}${removedSuffix}`]) rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', removeAtExit)
  const remove = async () => {
    await removePrivateFolder(path)
    process.off('exit', removeAtExit)
    server.close()
  }
  return { path, socket: join(path, socketName), remove }
}

/**
 * Removes a private folder, if it exists. The folder is renamed first: its sockets are removed before the folder, and without
 * sockets and the other name nobody would know a folder as abandoned if this process is killed in between. A removal that another
 * process began is ended here too: that process may have been killed.
 */
export async function removePrivateFolder(path: string): Promise<void> {
  try {
    await rename(path, `${path}${removedSuffix}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  await rm(`${path}${removedSuffix}`, { recursive: true, force: true })
}

/**
 * Makes a folder in which {@link createPrivateFolder} makes all later folders of this process. The process that started this
 * one can then remove them all at once after it was killed.
 */
export async function createCommonFolder(): Promise<PrivateFolder> {
  const folder = await createWatchedFolder()
  common = folder.path
  return folder
}

/** @throws HardwareError EXPORTER_FAILED if the folder for temporary files is missing, full, or cannot be written to */
async function makeFolder(prefix: string): Promise<string> {
  try {
    return await mkdtemp(prefix)
  } catch (cause) {
    const message = `Cannot make a folder in ${dirname(prefix)}, the folder for temporary files (TMPDIR): ${messageOf(cause)}`
    throw new HardwareError('EXPORTER_FAILED', message, { cause })
  }
}

/** The beginning of the paths of private folders. */
export function privateFolderPrefix(): string {
  const longestName = 'vitest-hardware-XXXXXX/p-XXXXXX/session-0000.sock'
  const parent = join(tmpdir(), longestName).length <= maxSocketPath ? tmpdir() : '/tmp'
  return join(parent, 'vitest-hardware-')
}
