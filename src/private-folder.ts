import { mkdtempSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The longest path a unix socket can have on macOS; Linux allows four bytes more (`sun_path` in sys/un.h). */
const maxSocketPath = 103

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
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/**
 * Makes one folder in which all others of this process will be, so that whoever started it can remove them at once if
 * it is killed. This process listens on a socket in it until it ends, so that others see whether the folder is in use, also
 * while no other socket is in there.
 */
export async function createCommonFolder(): Promise<PrivateFolder> {
  const server = createServer((socket) => socket.destroy()).unref()
  // Without a wait in between, in which a killed process would leave a folder that nobody knows to be abandoned.
  const path = mkdtempSync(privateFolderPrefix())
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(join(path, 'in-use.sock'), resolve)
  })
  const remove = () => rm(path, { recursive: true, force: true })
  try {
    await listening
  } catch (error) {
    await remove()
    throw error
  }
  common = path
  return { path, remove }
}

/** What the paths of private folders begin with. */
export function privateFolderPrefix(): string {
  const longestName = 'vitest-hardware-XXXXXX/p-XXXXXX/session-0000.sock'
  const parent = join(tmpdir(), longestName).length <= maxSocketPath ? tmpdir() : '/tmp'
  return join(parent, 'vitest-hardware-')
}
