import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

import { rooms } from './support/rooms.ts'

const source = fileURLToPath(new URL('../src/', import.meta.url))

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

/** The innermost folder of a file that has a row; its outermost folder if none has. */
function roomOf(file: string): string {
  const outermost = file.includes('/') ? (file.split('/')[0] ?? '') : '.'
  for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) {
    if (folder in rooms) return folder
  }
  return outermost
}

function reaches(to: string, target: string): boolean {
  return target.endsWith('/') ? to.startsWith(target) : to === target
}

test('there are imports to check', () => {
  expect(imports.length).toBeGreaterThan(100)
})

test('no folder imports against the table', () => {
  const violations = imports.filter(({ from, to, isType }) => {
    const folder = roomOf(from)
    const room = rooms[folder]
    if (room === undefined || to.startsWith(`${folder}/`)) return false
    if (room.typesOnly?.includes(to) === true && !isType) return true
    return !room.imports.some((target) => reaches(to, target))
  })
  expect(violations.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
})

test('the table has a row for every folder, and no target that nothing uses', () => {
  const folders = new Set(files.map(roomOf))
  folders.delete('.')
  expect([...folders].toSorted()).toEqual(Object.keys(rooms).toSorted())
  const unused = Object.entries(rooms).flatMap(([folder, room]) =>
    room.imports
      .filter((target) => !imports.some(({ from, to }) => from.startsWith(`${folder}/`) && reaches(to, target)))
      .map((target) => `${folder} does not import ${target}`),
  )
  expect(unused).toEqual([])
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

test('no file takes its time from globals, which vi.useFakeTimers() stops', () => {
  // The deadline of a gRPC call is by the clock of grpc-js.
  const exceptions = ['base/clock.ts', 'protocol/grpc/grpc-calls.ts']
  const globals =
    /(?<![.\w])(?:set|clear)(?:Timeout|Interval|Immediate)\(|\bDate\.now\(\)|\bperformance\.now\(|new Date\(\)/
  const users = files.filter((file) => globals.test(readFileSync(join(source, file), 'utf8')))
  expect(users.filter((file) => !exceptions.includes(file))).toEqual([])
})

test('files are short: at most 250 lines, and half of them at most 70', () => {
  const written = files.filter((file) => !file.includes('/generated/'))
  const lengths = written.map((file) => ({
    file,
    lines: readFileSync(join(source, file), 'utf8').split('\n').length - 1,
  }))
  expect(lengths.filter(({ lines }) => lines > 250)).toEqual([])
  const sorted = lengths.map(({ lines }) => lines).toSorted((one, other) => one - other)
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(70)
})
