import { expect, onTestFinished, test } from 'vitest'

import { createCliFolder } from '../support/cli.ts'

/** Node.js asks the list of users when HOME is not set, and throws for a user who is not in it. */
const withoutHome = `
  import os from 'node:os'
  import { syncBuiltinESMExports } from 'node:module'
  os.homedir = () => { throw Object.assign(new Error('uv_os_homedir returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' }) }
  syncBuiltinESMExports()`
const env = {
  HOME: '',
  XDG_CACHE_HOME: '',
  XDG_CONFIG_HOME: '',
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(withoutHome)}`,
}

async function createFolder() {
  const cli = await createCliFolder()
  onTestFinished(() => cli[Symbol.asyncDispose]())
  return cli
}

test('a user without a home can use exporters', async () => {
  const cli = await createFolder()
  const file = cli.exporter('desk')
  const script = '"$NODE" "$MAIN" call power.on'
  const result = await cli.run(['shell', '--exporter-config', file, '--', 'sh', '-c', script], {
    env: { ...env, NODE: process.execPath, MAIN: cli.mainFile },
  })
  expect(result.stderr).not.toMatch(/homedir|ENOENT/)
  expect(result.code).toBe(0)
})

test('a user without a home is told where to give the configuration of a client', async () => {
  const cli = await createFolder()
  const result = await cli.run(['get', 'exporters'], { env })
  expect(result.stderr).toContain('this user has no home: give --client-config, or set HOME')
  expect(result.code).toBe(2)
  const variables = { JMP_NAME: 'a', JMP_NAMESPACE: 'b', JMP_ENDPOINT: '127.0.0.1:9', JMP_TOKEN: 'c' }
  const complete = await cli.run(['get', 'exporters'], { env: { ...env, ...variables } })
  expect(complete.stderr).toContain('127.0.0.1:9')
  expect(complete.stderr).not.toContain('home')
})
