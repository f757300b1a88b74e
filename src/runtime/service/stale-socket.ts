import { lstat, rm } from 'node:fs/promises'

import { isAbandoned } from '../../abandoned-folders.ts'

/**
 * Removes a unix socket on which nobody listens any more, as a process leaves it when it is killed. Whatever else is
 * there stays, and so does a socket on which somebody listens.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found?.isSocket() === true && (await isAbandoned(path))) await rm(path, { force: true })
}
