import { mkdtemp, rm } from 'node:fs/promises'
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
 * it is killed.
 */
export async function createCommonFolder(): Promise<PrivateFolder> {
  const folder = await createPrivateFolder()
  common = folder.path
  return folder
}

/** What the paths of private folders begin with. */
export function privateFolderPrefix(): string {
  const longestName = 'vitest-hardware-XXXXXX/p-XXXXXX/session-0000.sock'
  const parent = join(tmpdir(), longestName).length <= maxSocketPath ? tmpdir() : '/tmp'
  return join(parent, 'vitest-hardware-')
}
