import { lstat, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'

import { privateFolderPrefix, removedSuffix, removePrivateFolder, unfinishedMark } from './private-folder.ts'

/** A folder this young may be one whose sockets are not there yet, in milliseconds. */
const minAgeMs = 10_000

/**
 * Removes the private folders of this user's processes that were killed: those with sockets on none of which anybody
 * listens, and those that were just being made or removed. A process that begins calls it once, and need not wait for it.
 */
export async function removeAbandonedFolders(): Promise<void> {
  const prefix = privateFolderPrefix()
  const parent = dirname(prefix)
  const names = await readdir(parent)
  const folders = names.map((name) => join(parent, name)).filter((path) => path.startsWith(prefix))
  // What cannot be looked at, or goes away meanwhile, is not ours to remove.
  await Promise.allSettled(folders.map(removeIfAbandoned))
}

async function removeIfAbandoned(folder: string): Promise<void> {
  const { uid, mtimeMs } = await lstat(folder)
  if (uid !== process.getuid?.()) return
  const isYoung = Date.now() - mtimeMs < minAgeMs
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
 * Whether a unix socket is one on which nobody listens any more. It answers at once: connected, refused, or (with a full
 * queue, so that somebody is there) EAGAIN.
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
