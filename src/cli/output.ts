import { stringify } from 'yaml'

/** How a command prints what it has found; a table unless it is told otherwise. */
export const outputFormats = ['json', 'yaml', 'name'] as const

/** One of {@link outputFormats}. */
export type OutputFormat = (typeof outputFormats)[number]

/**
 * Prints things that have names.
 *
 * @param columns of the table, from the things
 */
export function printAll<T extends { readonly name: string }>(
  things: readonly T[],
  format: OutputFormat | undefined,
  columns: Readonly<Record<string, (thing: T) => string>>,
): void {
  if (format === 'json') console.log(JSON.stringify(things, null, 2))
  else if (format === 'yaml') process.stdout.write(stringify(things))
  else if (format === 'name') for (const { name } of things) console.log(name)
  else printTable(things, columns)
}

/** Prints one thing, as {@link printAll} does. */
export function printOne<T extends { readonly name: string }>(
  thing: T,
  format: OutputFormat | undefined,
  columns: Readonly<Record<string, (thing: T) => string>>,
): void {
  if (format === 'json') console.log(JSON.stringify(thing, null, 2))
  else if (format === 'yaml') process.stdout.write(stringify(thing))
  else printAll([thing], format, columns)
}

function printTable<T>(things: readonly T[], columns: Readonly<Record<string, (thing: T) => string>>): void {
  const rows = [Object.keys(columns), ...things.map((thing) => Object.values(columns).map((show) => show(thing)))]
  const widths = Object.keys(columns).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}
