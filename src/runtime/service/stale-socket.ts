import { lstat, rm } from 'node:fs/promises'

import { isAbandoned } from '../../base/abandoned-folders.ts'

/**
 * Removes a unix socket that a killed process has left. A socket on which a process listens stays, and so does any other file.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found?.isSocket() === true && (await isAbandoned(path))) await rm(path, { force: true })
}
