import { mkdtemp, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The longest path a unix socket can have on macOS; Linux allows four bytes more (`sun_path` in sys/un.h). */
const maxSocketPath = 103

/** What the paths of private folders end with while they are removed. */
export const removedSuffix = '.removed'
/** What comes after {@link privateFolderPrefix} as long as a watched folder has no socket. */
export const unfinishedMark = 'new-'

/** A folder that only this user can enter. */
export interface PrivateFolder {
  readonly path: string
  remove(): Promise<void>
}

/** Where this process makes its folders, if not among everybody's temporary files. */
let common: string | undefined

/** Makes a folder (mode 0700) for sockets, with a path short enough for them. */
export async function createPrivateFolder(): Promise<PrivateFolder> {
  const path = await mkdtemp(common === undefined ? privateFolderPrefix() : join(common, 'p-'))
  return { path, remove: () => removePrivateFolder(path) }
}

/**
 * Makes a private folder in which this process listens on a socket from the folder's first moment until it is removed, so
 * that others see whether it is in use, and one that is left by a killed process is known to be abandoned. Until the socket
 * is there it has another name.
 */
export async function createWatchedFolder(): Promise<PrivateFolder> {
  const prefix = privateFolderPrefix()
  const unfinished = await mkdtemp(`${prefix}${unfinishedMark}`)
  const path = `${prefix}${unfinished.slice(prefix.length + unfinishedMark.length)}`
  const server = createServer((socket) => socket.destroy()).unref()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(join(unfinished, 'in-use.sock'), resolve)
    })
    await rename(unfinished, path)
  } catch (error) {
    server.close()
    await rm(unfinished, { recursive: true, force: true })
    throw error
  }
  const remove = async () => {
    await removePrivateFolder(path)
    server.close()
  }
  return { path, remove }
}

/**
 * Removes a private folder, if it is there. It has another name first, because its sockets go before it does, and one
 * that is left without them by a process that is killed meanwhile would not be known to be abandoned.
 */
export async function removePrivateFolder(path: string): Promise<void> {
  try {
    await rename(path, `${path}${removedSuffix}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  await rm(`${path}${removedSuffix}`, { recursive: true, force: true })
}

/**
 * Makes one folder in which all others of this process will be, so that whoever started it can remove them at once if
 * it is killed.
 */
export async function createCommonFolder(): Promise<PrivateFolder> {
  const folder = await createWatchedFolder()
  common = folder.path
  return folder
}

/** What the paths of private folders begin with. */
export function privateFolderPrefix(): string {
  const longestName = 'vitest-hardware-XXXXXX/p-XXXXXX/session-0000.sock'
  const parent = join(tmpdir(), longestName).length <= maxSocketPath ? tmpdir() : '/tmp'
  return join(parent, 'vitest-hardware-')
}
