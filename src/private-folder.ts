import { mkdtempSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The longest path a unix socket can have on macOS; Linux allows four bytes more (`sun_path` in sys/un.h). */
const maxSocketPath = 103

/** What the paths of private folders end with while they are removed. */
export const removedSuffix = '.removed'

/** A folder that only this user can enter. */
export interface PrivateFolder {
  readonly path: string
  remove(): Promise<void>
}

/** Where this process makes its folders, if not among everybody's temporary files. */
let common: string | undefined

/**
 * Makes a folder (mode 0700) for sockets, with a path short enough for them. A process that then listens in it at once
 * leaves none behind, whenever it is killed, that nobody knows to be abandoned: so it is not made while this process does
 * something else.
 */
export async function createPrivateFolder(): Promise<PrivateFolder> {
  const path = mkdtempSync(common === undefined ? privateFolderPrefix() : join(common, 'p-'))
  return { path, remove: () => removePrivateFolder(path) }
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
 * it is killed. This process listens on a socket in it until it ends, so that others see whether the folder is in use, also
 * while no other socket is in there.
 */
export async function createCommonFolder(): Promise<PrivateFolder> {
  const server = createServer((socket) => socket.destroy()).unref()
  const folder = await createPrivateFolder()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(join(folder.path, 'in-use.sock'), resolve)
    })
  } catch (error) {
    await folder.remove()
    throw error
  }
  common = folder.path
  return folder
}

/** What the paths of private folders begin with. */
export function privateFolderPrefix(): string {
  const longestName = 'vitest-hardware-XXXXXX/p-XXXXXX/session-0000.sock'
  const parent = join(tmpdir(), longestName).length <= maxSocketPath ? tmpdir() : '/tmp'
  return join(parent, 'vitest-hardware-')
}
