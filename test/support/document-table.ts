import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Writes a table into a page, between its marks.
 *
 * @param page its path from the root of the repository, such as `docs/interop.md`
 * @param command the command that writes the table, as the mark names it
 * @returns true if the page was out of date
 */
export function replaceTable(page: string, command: string, table: string): boolean {
  const [begin, end] = [`<!-- table begin: written by ${command} -->`, '<!-- table end -->']
  const path = fileURLToPath(new URL(`../../${page}`, import.meta.url))
  const text = readFileSync(path, 'utf8')
  const before = text.indexOf(begin) + begin.length
  const after = text.indexOf(end, before)
  const written = `${text.slice(0, before)}\n\n${table}\n\n${text.slice(after)}`
  if (written === text) return false
  writeFileSync(path, written)
  return true
}

/**
 * Writes a table into a page of docs/, between its marks. Where CI is set, a page that was out of date fails the run.
 *
 * @param page its name, such as `interop.md`
 * @param command the command that writes the table, as the mark names it
 */
export function writeDocumentTable(page: string, command: string, table: string): void {
  if (!replaceTable(`docs/${page}`, command, table)) return
  console.error(`docs/${page} was out of date, and has been written anew`)
  if (process.env['CI']) process.exitCode = 1
}
