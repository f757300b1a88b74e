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

/** Makes a folder (mode 0700) for sockets, with a path short enough for them. */
export async function createPrivateFolder(): Promise<PrivateFolder> {
  const longestName = 'vitest-hardware-XXXXXX/session-0000.sock'
  const parent = join(tmpdir(), longestName).length <= maxSocketPath ? tmpdir() : '/tmp'
  const path = await mkdtemp(join(parent, 'vitest-hardware-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}
