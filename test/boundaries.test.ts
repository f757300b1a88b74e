import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const source = fileURLToPath(new URL('../src/', import.meta.url))

/** What needs nothing of ours, so that everything may use it. */
const base = [
  'abandoned-folders.ts',
  'compile-cache.ts',
  'errors.ts',
  'time-limit.ts',
  'private-folder.ts',
  'selector.ts',
]

/** Which folder may import from where. `index.ts` and `serve.ts` at the top, and the command line, may import anything. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  interfaces: [],
  protocol: [...base],
  runtime: [...base, 'protocol/', 'interfaces/'],
  drivers: [
    ...base,
    'interfaces/',
    'runtime/driver.ts',
    'runtime/call.ts',
    'runtime/composite-driver.ts',
    'runtime/config/driver-types.ts',
    'runtime/content/pool.ts',
  ],
  clients: [...base, 'protocol/', 'interfaces/'],
  boards: [...base, 'clients/', 'interfaces/'],
  leases: [...base, 'protocol/', 'clients/connect.ts', 'clients/wait-until-ready.ts'],
  fixtures: [...base, 'interfaces/', 'clients/', 'boards/', 'leases/', 'plugin/context.ts'],
  plugin: [...base, 'leases/', 'runtime/config/'],
}

/** Imports that are types alone vanish when compiled; where a row says so, only they are allowed. */
const typesOnly: Readonly<Record<string, readonly string[]>> = {
  drivers: ['runtime/config/driver-types.ts'],
  fixtures: ['plugin/context.ts'],
}

interface Import {
  readonly from: string
  readonly to: string
  readonly isType: boolean
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

const imports: Import[] = files.flatMap((from) => {
  const text = readFileSync(join(source, from), 'utf8')
  const statements = text.matchAll(
    /(?:^|\n)(?:import|export)\s(?<what>[^'"]*?)from\s*['"](?<to>\.[^'"]+)['"]|import\(\s*(?:\/\*.*?\*\/)?\s*['"](?<dynamic>\.[^'"]+)['"]/g,
  )
  return Array.from(statements, ({ groups }) => {
    const to = relative(source, join(source, dirname(from), groups?.['to'] ?? groups?.['dynamic'] ?? ''))
    const what = groups?.['what']?.trim() ?? ''
    const names = /^\{(?<names>[\s\S]*)\}$/
      .exec(what)
      ?.groups?.['names']?.split(',')
      .filter((name) => name.trim() !== '')
    const isType = what.startsWith('type ') || names?.every((name) => name.trim().startsWith('type ')) === true
    return { from, to, isType }
  })
})

test('there are imports to check', () => {
  expect(imports.length).toBeGreaterThan(100)
})

test('no folder imports against the table', () => {
  const violations = imports.filter(({ from, to, isType }) => {
    const [folder = '', ...rest] = from.split('/')
    const row = allowed[folder]
    if (rest.length === 0 || row === undefined || to.startsWith(`${folder}/`)) return false
    if (typesOnly[folder]?.includes(to) === true && !isType) return true
    return !row.some((target) => (target.endsWith('/') ? to.startsWith(target) : to === target))
  })
  expect(violations.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
})

test('the modules at the top that everything may use import only each other', () => {
  const violations = imports.filter(({ from, to }) => base.includes(from) && !base.includes(to))
  expect(violations).toEqual([])
})

test('no module imports itself in a circle', () => {
  const graph = Map.groupBy(
    imports.filter(({ isType }) => !isType),
    ({ from }) => from,
  )
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
    if (done.has(file) || path.includes(file)) return
    for (const { to } of graph.get(file) ?? []) visit(to, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  expect(circles).toEqual([])
})

test('indexes are explicit lists', () => {
  const wild = files.filter((file) => /export \* from/.test(readFileSync(join(source, file), 'utf8')))
  expect(wild).toEqual([])
})
