import * as module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where Node.js keeps what it has compiled of our modules, which loads them in half the time. Only this user writes there. */
const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'vitest-hardware', 'compiled')

/** Turns the cache on for what this process loads from now on. Never fails; `NODE_DISABLE_COMPILE_CACHE=1` keeps it off. */
export function enableCompileCache(): void {
  // A report of coverage is less exact with it.
  if (process.env['NODE_V8_COVERAGE'] === undefined) module.enableCompileCache(folder)
}

/** The environment that turns the cache on for a process to start, from its first module on. */
export function compileCacheEnvironment(): Record<string, string> {
  const { NODE_COMPILE_CACHE: given, NODE_V8_COVERAGE: coverage } = process.env
  return given === undefined && coverage === undefined ? { NODE_COMPILE_CACHE: folder } : {}
}
