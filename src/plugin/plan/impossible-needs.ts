import { parseSelector } from '../../base/selector.ts'
import { allocate } from '../../broker/allocation.ts'
import {
  explainMissing,
  matchingExporters,
  noExporters,
  type SettledExporters,
} from '../../broker/missing-exporters.ts'
import type { ImpossibleNeed } from '../../leases/run-event.ts'
import type { StaticNeed } from './read-needs.ts'

/** The number of exporters that are named for each need that cannot be met. The error of the file names all. */
const maxNamed = 3

/** The result of {@link findImpossibleNeeds}. */
export interface ImpossibleNeeds {
  readonly needs: readonly ImpossibleNeed[]
  /** A remedy, where all needs have the same one. */
  readonly advice: string | undefined
}

/**
 * Finds the needs of test files that no exporter of the run can meet, alone or beside the other roles of their file.
 *
 * @param files the needs of each file, by its path; needs without a known role or selector are skipped
 */
export function findImpossibleNeeds(
  files: ReadonlyMap<string, readonly StaticNeed[]>,
  { exporters, failures }: SettledExporters,
): ImpossibleNeeds {
  const hasNone = exporters.length + failures.length === 0
  const needs = [...files].flatMap(([file, declared]) => {
    const known = declared.flatMap(({ role, selector }) => {
      return role === undefined || !isSelector(selector) ? [] : [{ role, selector }]
    })
    const possible = allocate(new Map(known.map((need) => [need, matchingExporters(need.selector, exporters)])))
    const missing = known.filter((need) => !possible.has(need))
    return missing.map(({ role, selector }) => {
      const reason = explainMissing(role, selector, exporters, failures, maxNamed)
      return { file, role, selector, reason: hasNone ? firstLine(reason) : reason }
    })
  })
  return { needs, advice: hasNone && needs.length > 0 ? noExporters : undefined }
}

function firstLine(text: string): string {
  return text.split('\n', 1).join('')
}

/** False for a selector with a mistake, which the file itself reports. */
function isSelector(selector: string | undefined): selector is string {
  try {
    return selector !== undefined && parseSelector(selector) !== undefined
  } catch {
    return false
  }
}
