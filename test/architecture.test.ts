import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

import { replaceTable } from './support/document-table.ts'
import { rooms } from './support/rooms.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const read = (page: string) => readFileSync(join(root, page), 'utf8')

const decisions = readdirSync(join(root, 'docs/decisions')).toSorted()
/** Pages that name files of the source. */
const pagesOfCode = ['ARCHITECTURE.md', 'CONTRIBUTING.md', ...decisions.map((page) => `docs/decisions/${page}`)]
const allPages = [
  'README.md',
  ...pagesOfCode,
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

test.for(pagesOfCode)('the files and folders that %s names exist', (page) => {
  const paths = Array.from(read(page).matchAll(/`(?<path>(?:[\w.-]+\/)*[\w.-]+\.(?:ts|md|json)|(?:[\w.-]+\/)+)`/g))
  const missing = paths.flatMap(({ groups }) => {
    const path = groups?.['path'] ?? ''
    return existsSync(join(root, path)) || existsSync(join(root, 'src', path)) ? [] : path
  })
  expect(missing, 'paths start at the root of the repository, or in src/').toEqual([])
})

test.for(allPages)('the links of %s lead to files', (page) => {
  const links = Array.from(read(page).matchAll(/\]\((?<path>[^)#:]+)(?:#[^)]*)?\)/g))
  const missing = links.flatMap(({ groups }) => {
    const path = groups?.['path'] ?? ''
    return existsSync(join(root, dirname(page), path)) ? [] : path
  })
  expect(missing).toEqual([])
})

test('each hop of ARCHITECTURE.md names a thing that its file has', () => {
  const hops = Array.from(read('ARCHITECTURE.md').matchAll(/^\d+\. `(?<file>[^`]+)`, `(?<name>\w+)`: /gm))
  expect(hops.length).toBeGreaterThan(20)
  const wrong = hops.flatMap(({ groups }) => {
    const { file = '', name = '' } = groups ?? {}
    const declares = new RegExp(`\\b(?:class|function|interface|const) ${name}\\b`)
    return declares.test(read(file)) ? [] : `${file} does not declare ${name}`
  })
  expect(wrong).toEqual([])
})

test('ARCHITECTURE.md has the table of rooms', () => {
  const rows = Object.entries(rooms).map(([room, { purpose, imports, typesOnly = [] }]) => {
    const sources = imports.map((path) => `\`${path}\`${typesOnly.includes(path) ? ' (types)' : ''}`)
    return `| \`${room}/\` | ${purpose} | ${sources.join(', ') || 'nothing'} |`
  })
  const table = ['| room | purpose | may import |', '|---|---|---|', ...rows].join('\n')
  const command = 'npx vitest run --project unit test/architecture.test.ts'
  const wasOutOfDate = replaceTable('ARCHITECTURE.md', command, table)
  expect(wasOutOfDate, 'the table was out of date and has been written anew: commit ARCHITECTURE.md').toBe(false)
})

test('docs/decisions/README.md lists every page', () => {
  const index = read('docs/decisions/README.md')
  const unlisted = decisions.filter((page) => page !== 'README.md' && !index.includes(`](${page})`))
  expect(unlisted).toEqual([])
})
