import { execa } from 'execa'
import { expect, test } from 'vitest'

import packageJson from '../package.json' with { type: 'json' }
import { builtFile } from './support/built.ts'

/** Prints the names of the packages that importing a module loads. */
const program = (module: string) => `
import { registerHooks } from 'node:module'
const loaded = new Set()
registerHooks({
  load(url, context, next) {
    const name = url.split('/node_modules/').at(-1)
    if (name !== url) loaded.add(name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/'))
    return next(url, context)
  },
})
await import(${JSON.stringify(module)})
console.log(JSON.stringify([...loaded]))`

/** The entries of the package without patterns, and the packages that each may load: what is heavy is loaded on first use. */
const entries = Object.entries(packageJson.exports).flatMap(([name, target]) =>
  typeof target === 'string' || name.includes('*') ? [] : [{ name, file: target.default.replace('./dist/', '') }],
)

test.each(entries.filter(({ name }) => name !== './conformance'))('$name loads no other package', async ({ file }) => {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')))
  const args = ['--input-type=module', '--eval', program(builtFile(file))]
  const { stdout } = await execa(process.execPath, args, { env, extendEnv: false, timeout: 60_000 })
  expect(JSON.parse(stdout)).toEqual([])
})
