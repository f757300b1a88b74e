import { execa } from 'execa'
import { expect, test } from 'vitest'

import packageJson from '../package.json' with { type: 'json' }
import { builtFile } from './support/built.ts'

/** Prints the names of the packages that importing a module loads, and the number of our own modules. */
const program = (module: string) => `
import { registerHooks } from 'node:module'
const loaded = new Set()
let own = 0
registerHooks({
  load(url, context, next) {
    const name = url.split('/node_modules/').at(-1)
    if (name === url && url.startsWith('file:')) own++
    if (name !== url) loaded.add(name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/'))
    return next(url, context)
  },
})
await import(${JSON.stringify(module)})
console.log(JSON.stringify({ packages: [...loaded], own }))`

/** The entries of the package without patterns, and the packages that each may load: what is heavy is loaded on first use. */
const entries = Object.entries(packageJson.exports).flatMap(([name, target]) =>
  typeof target === 'string' || name.includes('*') ? [] : [{ name, file: target.default.replace('./dist/', '') }],
)

/**
 * The most modules of ours that the entries of every test load; one costs about half a millisecond. Raise a number only for what
 * every test needs; load the rest on first use.
 */
const mostModules: Readonly<Record<string, number>> = { '.': 105, './clients': 94, './plugin': 67 }

test.each(entries.filter(({ name }) => name !== './conformance'))(
  '$name loads no other package, and few modules',
  async ({ name, file }) => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')))
    const args = ['--input-type=module', '--eval', program(builtFile(file))]
    const { stdout } = await execa(process.execPath, args, { env, extendEnv: false, timeout: 60_000 })
    const { packages, own } = JSON.parse(stdout) as { packages: string[]; own: number }
    expect(packages).toEqual([])
    expect(own).toBeLessThanOrEqual(mostModules[name] ?? Infinity)
  },
)
