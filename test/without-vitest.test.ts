import { execa } from 'execa'
import { expect, test } from 'vitest'

import { builtFile } from './support/built.ts'

/** A hook of Node's loader: Vitest is not installed. */
const hook = `import { registerHooks } from 'node:module'
registerHooks({
  resolve(specifier, context, next) {
    if (!/^(vitest|@vitest)(\\/|$)/.test(specifier)) return next(specifier, context)
    throw Object.assign(new Error('no ' + specifier), { code: 'ERR_MODULE_NOT_FOUND' })
  },
})`

/** A driver's module, and uses of what needs Vitest. */
const program = `import { Driver, defineInterface, call, expect, needs } from ${JSON.stringify(builtFile('index.js'))}
const Relay = defineInterface({ client: 'test.Relay', methods: { on: call() } })
class MyRelay extends Driver { static interface = Relay; on() {} }
const failureOf = (use) => { try { use() } catch ({ code, message }) { return { code, message } } }
console.log(JSON.stringify([
  new MyRelay().uuid.length,
  failureOf(() => needs({ dut: {} })),
  failureOf(() => expect(1).toBe(1)),
  failureOf(() => expect.soft(1)),
]))`

test.each([
  ['an exporter', {}],
  ['a program that a worker of Vitest has started', { VITEST_POOL_ID: '1' }],
])('the main entry loads without Vitest in %s; what needs Vitest says so on use', async (_what, more) => {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')))
  const args = [
    '--import',
    `data:text/javascript,${encodeURIComponent(hook)}`,
    '--input-type=module',
    '--eval',
    program,
  ]
  const { stdout } = await execa(process.execPath, args, {
    env: { ...env, ...more },
    extendEnv: false,
    timeout: 60_000,
  })
  const missing = (what: string) => ({
    code: 'MODULE_MISSING',
    message: `${what} works only in the tests of Vitest; in a driver or another program there is no Vitest to use`,
  })
  expect(JSON.parse(stdout)).toEqual([36, missing('needs()'), missing('expect()'), missing('expect()')])
})
