import * as module from 'node:module'
import { join } from 'node:path'

import { homeFolder } from './home-folder.ts'

/**
 * Turns on Node's compile cache for the modules that this process loads from now on, which halves the time of loading. Never
 * fails. `NODE_DISABLE_COMPILE_CACHE=1` keeps the cache off.
 */
export function enableCompileCache(): void {
  const folder = cacheFolder()
  if (folder !== undefined) module.enableCompileCache(folder)
}

/** The environment that turns on the cache for a process to start, from its first module on. */
export function compileCacheEnvironment(): Record<string, string> {
  const folder = process.env['NODE_COMPILE_CACHE'] === undefined ? cacheFolder() : undefined
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder }
}

/** The folder of the cache, in which only this user writes; `undefined` for no cache. */
function cacheFolder(): string | undefined {
  const { NODE_V8_COVERAGE: coverage, XDG_CACHE_HOME: cacheHome } = process.env
  // A report of coverage is less exact with the cache.
  if (coverage !== undefined) return undefined
  const home = homeFolder()
  const caches = cacheHome || (home === undefined ? undefined : join(home, '.cache'))
  return caches === undefined ? undefined : join(caches, 'vitest-hardware', 'compiled')
}
