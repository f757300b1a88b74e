import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, test } from 'vitest'

const url = new URL('../../src/base/compile-cache.ts', import.meta.url).href

/** Loads the module in a process with these variables, and uses it. @returns the variables for a process to start */
async function variables(env: Record<string, string>, before = '') {
  const program = `
    import os from 'node:os'
    import { syncBuiltinESMExports } from 'node:module'
    ${before}
    syncBuiltinESMExports()
    const { compileCacheEnvironment, enableCompileCache } = await import(${JSON.stringify(url)})
    enableCompileCache()
    console.log(JSON.stringify(compileCacheEnvironment()))`
  const { stdout } = await execa(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { NODE_DISABLE_COMPILE_CACHE: '1', ...env },
    extendEnv: false,
  })
  return JSON.parse(stdout) as unknown
}

test('the cache is in the folder for caches, or in the home', async () => {
  expect(await variables({ XDG_CACHE_HOME: '/caches', HOME: '/home/a' })).toEqual({
    NODE_COMPILE_CACHE: '/caches/vitest-hardware/compiled',
  })
  expect(await variables({ HOME: '/home/a' })).toEqual({
    NODE_COMPILE_CACHE: '/home/a/.cache/vitest-hardware/compiled',
  })
})

test('a user without a home has no cache, and no error', async () => {
  const throws = `os.homedir = () => { throw new Error('no entry in passwd') }`
  expect(await variables({}, throws)).toEqual({})
  expect(await variables({ XDG_CACHE_HOME: '/caches' }, throws)).toEqual({
    NODE_COMPILE_CACHE: '/caches/vitest-hardware/compiled',
  })
})

test('a cache that the user has chosen stays', async () => {
  expect(await variables({ HOME: '/home/a', NODE_COMPILE_CACHE: '/own' })).toEqual({})
})
