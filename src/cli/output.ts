import { stringify } from 'yaml'

import { formatLabels } from '../base/labels.ts'
import type { RegisteredExporter, LeaseStatus } from '../protocol/controller/controller-messages.ts'
import type { OutputFormat } from './options.ts'

/** The columns of a table: its headings, each with the text of its cells. */
type Columns<T> = Readonly<Record<string, (thing: T) => string>>

/** The columns of a table of exporters. */
export const exporterColumns: Columns<RegisteredExporter> = {
  NAME: ({ name }) => name,
  STATUS: ({ status, online }) => (online ? status : `${status} (offline)`),
  LABELS: ({ labels }) => formatLabels(labels),
}

/** The columns of a table of leases. */
export const leaseColumns: Columns<LeaseStatus> = {
  NAME: ({ name }) => name,
  CLIENT: ({ client }) => client,
  SELECTOR: ({ selector }) => selector,
  EXPORTER: ({ exporter = '' }) => exporter,
  STATE: ({ conditions }) => conditions.map(({ type, holds, reason }) => (holds ? type : reason)).join(','),
  SECONDS: ({ durationMs }) => String(durationMs / 1000),
}

/**
 * Prints things that have names.
 *
 * @param format `undefined` for a table
 */
export function printAll<T extends { readonly name: string }>(
  things: readonly T[],
  format: OutputFormat | undefined,
  columns: Columns<T>,
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
  columns: Columns<T>,
): void {
  if (format === 'json') console.log(JSON.stringify(thing, null, 2))
  else if (format === 'yaml') process.stdout.write(stringify(thing))
  else printAll([thing], format, columns)
}

function printTable<T>(things: readonly T[], columns: Columns<T>): void {
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
