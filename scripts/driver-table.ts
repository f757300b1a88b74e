/**
 * Writes README's table of drivers from their source: `node scripts/driver-table.ts`. A row has the types of a driver, the first
 * sentence of its class's comment, and the keys of its config. Its types lead to the driver's section of docs/drivers.md.
 */
import { readFileSync } from 'node:fs'

import type { ConfigRules } from '../src/base/check.ts'
import * as drivers from '../src/drivers/index.ts'
import { driverTypes } from '../src/drivers/types.ts'
import { replaceTable } from '../test/support/document-table.ts'

/** The command, as the mark in README names it. */
const command = 'npm run driver-table'
const folder = new URL('../src/drivers/', import.meta.url)

/** Makes the table, with a row for each type in the order of `src/drivers/types.ts`. */
export async function driverTable(): Promise<string> {
  const typesOf = new Map<unknown, string[]>()
  for (const [type, load] of driverTypes) {
    const Driver = await load()
    typesOf.set(Driver, [...(typesOf.get(Driver) ?? []), type])
  }
  const names = new Map(Object.entries(drivers).map(([name, Driver]) => [Driver as unknown, name]))
  const rows = Array.from(typesOf, ([Driver, types]) => {
    const { configRules = {} } = Driver as { readonly configRules?: ConfigRules }
    const cells = [types.map(linkTo).join(', '), summaryOf(names.get(Driver) ?? ''), keysOf(configRules)]
    return `| ${cells.join(' | ')} |`
  })
  return ['| `type` | what it exports | `config` (bold: required) |', '|---|---|---|', ...rows].join('\n')
}

/** Writes the table into README. @returns true if README was out of date */
export async function writeDriverTable(): Promise<boolean> {
  return replaceTable('README.md', command, await driverTable())
}

/**
 * Finds the section of docs/drivers.md about a driver.
 *
 * @param type `vitest-hardware/drivers#TcpNetwork`; the title of its section has the name `TcpNetwork`
 * @returns the section's anchor, as GitHub makes it; undefined if there is none
 */
export function sectionOf(type: string): string | undefined {
  const page = readFileSync(new URL('../docs/drivers.md', import.meta.url), 'utf8')
  const name = type.replace(/^.*[.#]/, '').replace(/^Sync/, '')
  const titles = Array.from(page.matchAll(/^### (?<title>.+)$/gm), ({ groups }) => groups?.['title'] ?? '')
  const title = titles.find((names) => names.split(', ').includes(name))
  return title
    ?.toLowerCase()
    .replaceAll(' ', '-')
    .replaceAll(/[^\w-]/g, '')
}

function linkTo(type: string): string {
  const section = sectionOf(type)
  return section === undefined ? code(type) : `[${code(type)}](docs/drivers.md#${section})`
}

/** The first sentence of the comment of a class, without its full stop. */
function summaryOf(name: string): string {
  const index = readFileSync(new URL('index.ts', folder), 'utf8')
  const exported = Array.from(index.matchAll(/^export \{(?<names>[^}]*)\} from '(?<file>[^']+)'/gm))
  const file = exported.find(({ groups }) => groups?.['names']?.split(/[,\s]+/).includes(name))?.groups?.['file']
  if (file === undefined) return ''
  const source = readFileSync(new URL(file, folder), 'utf8')
  const comment = new RegExp(String.raw`/\*\*((?:(?!\*/)[\s\S])*)\*/\nexport class ${name}\b`).exec(source)?.[1] ?? ''
  const text = comment
    .replace(/^\s*\* ?/gm, '')
    .trim()
    .replaceAll(/\s+/g, ' ')
  return text.replace(/\.(?: .*)?$/, '').replaceAll('|', String.raw`\|`)
}

function keysOf(rules: ConfigRules): string {
  const keys = Object.entries(rules).map(([key, rule]) =>
    rule(undefined) === undefined ? code(key) : `**${code(key)}**`,
  )
  return keys.length === 0 ? '—' : keys.join(', ')
}

function code(text: string): string {
  return `\`${text}\``
}

if (import.meta.main) {
  if (await writeDriverTable()) console.log('README.md was out of date, and has been written anew')
}
