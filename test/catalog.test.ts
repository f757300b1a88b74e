import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

import { driverTable } from '../scripts/driver-table.ts'
import type { ConfigRules } from '../src/base/check.ts'
import { deriveClient } from '../src/clients/derive.ts'
import type { ClientClass } from '../src/clients/driver-client.ts'
import * as clients from '../src/clients/index.ts'
import { clientTypes } from '../src/clients/types.ts'
import * as drivers from '../src/drivers/index.ts'
import { driverTypes } from '../src/drivers/types.ts'
import * as interfaces from '../src/interfaces/index.ts'
import { Driver } from '../src/runtime/driver.ts'

/** A driver's class, with what the catalog wants of it. */
interface ListedDriver {
  readonly name: string
  readonly prototype: unknown
  readonly interface?: interfaces.InterfaceDefinition
  readonly configRules?: ConfigRules
}

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8')

const exportedDrivers = (Object.values(drivers) as readonly ListedDriver[]).filter(
  ({ prototype }) => prototype instanceof Driver,
)
const exportedClients = Object.values(clients).filter(
  (value): value is typeof clients.DriverClient =>
    typeof value === 'function' && value.prototype instanceof clients.DriverClient,
)
const exportedInterfaces = (Object.entries(interfaces) as readonly (readonly [string, object])[]).filter(
  (entry): entry is readonly [string, interfaces.InterfaceDefinition] => 'client' in entry[1],
)

const nameOf = (Class: object) => (Class as { readonly name: string }).name

/** Loads every class of a table. @returns the classes by their keys */
async function loadAll<Class>(types: ReadonlyMap<string, () => Promise<Class>>): Promise<Map<string, Class>> {
  return new Map(await Promise.all(Array.from(types, async ([type, load]) => [type, await load()] as const)))
}

test('every driver has a type, an interface and rules for its config', async () => {
  const loaded = await loadAll(driverTypes)
  const typed = new Set<unknown>(loaded.values())
  const missing = exportedDrivers.flatMap((Class) => [
    ...(typed.has(Class) ? [] : [`src/drivers/types.ts has no type for ${Class.name}`]),
    ...(exportedInterfaces.some(([, { client }]) => client === Class.interface?.client)
      ? []
      : [`src/interfaces/index.ts has no interface with the client path of ${Class.name}`]),
    ...(Class.configRules !== undefined
      ? []
      : [`${Class.name} has no configRules; add: static readonly configRules = {}`]),
  ])
  const listed = new Set<unknown>(exportedDrivers)
  const hidden = Array.from(loaded.values()).filter((Class) => !listed.has(Class))
  expect([...missing, ...hidden.map(({ name }) => `src/drivers/index.ts does not export ${name}`)]).toEqual([])
})

test('a type leads to the driver of its name', async () => {
  const loaded = await loadAll(driverTypes)
  const wrong = Array.from(loaded).filter(([type, { name }]) => {
    const expected = type.replace(/^.*[.#]/, '').replace(/^Sync/, '')
    return name !== expected && name !== `${expected}Driver`
  })
  expect(wrong).toEqual([])
})

test('every interface is exported and has a client', async () => {
  const defined = readdirSync(`${root}/src/interfaces`).flatMap((file) =>
    Array.from(
      read(`src/interfaces/${file}`).matchAll(/^export const (\w+) = defineInterface\(/gm),
      ([, name]) => name,
    ),
  )
  const exported = exportedInterfaces.map(([name]) => name)
  const hidden = defined.filter((name) => !exported.includes(name ?? ''))
  const loaded = await loadAll(clientTypes)
  const missing = exportedInterfaces.filter(([, { client }]) => loaded.get(client)?.interface?.client !== client)
  expect([
    ...hidden.map((name) => `src/interfaces/index.ts does not export ${name}`),
    ...missing.map(
      ([name, { client }]) => `src/clients/types.ts has no class with the interface ${name} for ${client}`,
    ),
  ]).toEqual([])
})

/** True for a class that the registry has derived from an interface. Nobody imports it. */
const isDerived = (Client: ClientClass) => Client.interface !== undefined && Client === deriveClient(Client.interface)

/** The client classes in the modules that users import one by one: `vitest-hardware/clients/can`. */
async function separateClients(): Promise<ClientClass[]> {
  const files = readdirSync(`${root}/src/clients/drivers`).filter((file) => file.endsWith('-client.ts'))
  const names = files.map((file) => file.replace(/\.ts$/, ''))
  const modules = await Promise.all(names.map((name) => import(`../src/clients/drivers/${name}.ts`) as Promise<object>))
  // A class without an interface is the base of others.
  return modules
    .flatMap((module) => Object.values(module) as ClientClass[])
    .filter((value) => value.prototype instanceof clients.DriverClient && value.interface !== undefined)
}

test('every client is exported and has a path', async () => {
  const loaded = new Set((await loadAll(clientTypes)).values())
  const exported = new Set([...exportedClients, ...(await separateClients())])
  const hidden = [...loaded].filter((Client) => !exported.has(Client) && !isDerived(Client))
  const pathless = [...exported].filter((Client) => !loaded.has(Client))
  expect([
    ...hidden.map((Client) => `src/clients/drivers has no module *-client.ts that exports ${nameOf(Client)}`),
    ...pathless.map((Client) => `src/clients/types.ts has no path for ${nameOf(Client)}`),
  ]).toEqual([])
})

test('the table in README has every driver with the keys of its config', async () => {
  const isUpToDate = read('README.md').includes(`\n\n${await driverTable()}\n\n`)
  expect(isUpToDate, 'README.md has another table of drivers; run: npm run driver-table').toBe(true)
})

test('every row of the table says what the driver exports', async () => {
  const rows = (await driverTable()).split('\n').slice(2)
  expect(rows).toHaveLength(exportedDrivers.length)
  expect(rows.filter((row) => !/^\| \[?`.+`(?:\]\(.+\))? \| \S.{10,} \| \S.* \|$/.test(row))).toEqual([])
})

test('importing the package loads no client, and no driver', { timeout: 30_000 }, () => {
  const program = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    await import('./src/index.ts')
    console.log(JSON.stringify(loaded))`
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: root,
    encoding: 'utf8',
  })
  const loaded = (JSON.parse(output) as string[]).map((url) => url.slice(url.lastIndexOf('/src/') + 1))
  expect(loaded).toContain('src/clients/registry.ts')
  expect(loaded.filter((file) => /^src\/(?:clients\/drivers|drivers)\//.test(file))).toEqual([])
})
