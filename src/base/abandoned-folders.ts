import { lstat, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'

import { wallClock } from './clock.ts'
import { privateFolderPrefix, removedSuffix, removePrivateFolder, unfinishedMark } from './private-folder.ts'

/** The age from which a folder can be abandoned, in milliseconds. A younger one may not have its sockets yet. */
const minAgeMs = 10_000

/**
 * Removes the private folders that killed processes of this user have left: folders with sockets on which no process listens,
 * and folders that were just being made or removed. A process calls this once when it begins, and need not wait for it.
 */
export async function removeAbandonedFolders(): Promise<void> {
  const prefix = privateFolderPrefix()
  const parent = dirname(prefix)
  const names = await readdir(parent)
  const folders = names.map((name) => join(parent, name)).filter((path) => path.startsWith(prefix))
  // A folder that cannot be read belongs to another user, and one that has disappeared needs no removal.
  await Promise.allSettled(folders.map(removeIfAbandoned))
}

async function removeIfAbandoned(folder: string): Promise<void> {
  const { uid, mtimeMs } = await lstat(folder)
  if (uid !== process.getuid?.()) return
  const isYoung = wallClock() - mtimeMs < minAgeMs
  const isUnfinished = folder.startsWith(`${privateFolderPrefix()}${unfinishedMark}`)
  if (folder.endsWith(removedSuffix) || (isUnfinished && !isYoung)) {
    await rm(folder, { recursive: true, force: true })
    return
  }
  if (isYoung) return
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const sockets = entries.filter((entry) => entry.isSocket()).map((entry) => join(entry.parentPath, entry.name))
  const abandoned = await Promise.all(sockets.map(isAbandoned))
  if (abandoned.length > 0 && !abandoned.includes(false)) await removePrivateFolder(folder)
}

/**
 * Finds out if no process listens on a unix socket any more. The kernel answers at once: connected, refused, or EAGAIN for the
 * full queue of a process that listens.
 */
export function isAbandoned(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath)
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
  })
}
