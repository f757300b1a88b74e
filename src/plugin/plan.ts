import { parseSelector } from '../selector.ts'
import { allocate } from './allocation.ts'
import { explainMissing, matchingExporters, noExporters, type SettledExporters } from './explain.ts'
import type { StaticNeed } from './read-needs.ts'

/** How many exporters are named for each need that cannot be met; the error of its file names all. */
const mostNamed = 3

/**
 * Tells which needs of test files no exporter of the run can meet, alone or beside the other roles of their file.
 *
 * @param files what is known of the needs of each file; those that only running it can tell are passed over
 * @returns what to print; `undefined` where all can be met
 */
export function describeImpossible(
  files: ReadonlyMap<string, readonly StaticNeed[]>,
  { exporters, failures }: SettledExporters,
): string | undefined {
  // The rest of what a failed exporter said is in the errors of the files, which follow.
  const failed = failures.map((failure) => firstLine(failure).replace(/:$/, ''))
  const hasNone = exporters.length + failures.length === 0
  const impossible = [...files].flatMap(([file, needs]) => {
    const known = needs.flatMap(({ role, selector }) => {
      return role === undefined || !isSelector(selector) ? [] : [{ role, selector }]
    })
    const possible = allocate(new Map(known.map((need) => [need, matchingExporters(need.selector, exporters)])))
    const missing = known.filter((need) => !possible.has(need))
    return missing.map(({ role, selector }) => {
      const reason = explainMissing(role, selector, exporters, failed, mostNamed)
      return { file, reason: hasNone ? firstLine(reason) : reason }
    })
  })
  if (impossible.length === 0) return undefined
  const paragraphs = Array.from(
    Map.groupBy(impossible, ({ reason }) => reason),
    ([reason, alike]) => `${[...new Set(alike.map(({ file }) => file))].join(', ')}: ${reason}`,
  )
  const list = [...paragraphs, ...(hasNone ? [noExporters] : [])].join('\n')
  return `These needs cannot be met:\n${list.replaceAll(/^/gm, '  ')}`
}

function firstLine(text: string): string {
  return text.split('\n', 1).join('')
}

/** A mistake in a selector is told by the file itself. */
function isSelector(selector: string | undefined): selector is string {
  try {
    return selector !== undefined && parseSelector(selector) !== undefined
  } catch {
    return false
  }
}
