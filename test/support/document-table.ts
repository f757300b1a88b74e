import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Writes a table into a page of docs/, between its marks. Where CI is set, a page that was out of date fails the run.
 *
 * @param page its name, such as `interop.md`
 * @param command what writes it, as the mark says
 */
export function writeDocumentTable(page: string, command: string, table: string): void {
  const [begin, end] = [`<!-- table begin: written by ${command} -->`, '<!-- table end -->']
  const path = fileURLToPath(new URL(`../../docs/${page}`, import.meta.url))
  const text = readFileSync(path, 'utf8')
  const [before, after] = [text.indexOf(begin) + begin.length, text.indexOf(end)]
  const written = `${text.slice(0, before)}\n\n${table}\n\n${text.slice(after)}`
  if (written === text) return
  writeFileSync(path, written)
  console.error(`docs/${page} was out of date, and has been written anew`)
  if (process.env['CI']) process.exitCode = 1
}
