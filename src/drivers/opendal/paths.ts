import { posix } from 'node:path'

/**
 * A path within a storage, without slashes at its ends and without detours: `/a/./b/` is `a/b`, the root is empty.
 *
 * @throws RangeError for what is no path, or leads out of the root: OpenDAL's `fs` would go there
 */
export function normalizePath(path: unknown): string {
  if (typeof path !== 'string') throw new RangeError(`path is ${JSON.stringify(path)}; it has to be a string`)
  const normalized = posix.normalize(path.replaceAll('\\', '/').replace(/^\/+/, '')).replace(/\/$/, '')
  if (normalized === '..' || normalized.startsWith('../')) {
    throw new RangeError(`path ${JSON.stringify(path)} leads out of the storage's root`)
  }
  return normalized === '.' ? '' : normalized
}
