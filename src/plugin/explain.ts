import type { LeasableExporter } from '../leases/lease.ts'
import { holds, matchesSelector, parseSelector } from '../selector.ts'

/** What there is to say of an exporter. */
export interface Described {
  readonly exporter: Pick<LeasableExporter, 'name' | 'labels' | 'selector'>
  readonly holder: { readonly request: { readonly file: string } } | undefined
}

/** The exporters of a run, when all have started or failed. */
export interface SettledExporters {
  /** Those that have started. */
  readonly exporters: readonly Described[]
  /** Why the others have not. */
  readonly failures: readonly string[]
}

/** What to do about a run that has no exporters at all. */
export const noExporters =
  "The run has no exporters: name them in hardware({ exporters: … }), or run inside 'jmp shell', which sets JUMPSTARTER_HOST"

/** The exporters that a selector picks; one that has told no labels may be any, unless a controller is asked for it. */
export function matchingExporters<Exporter extends Described>(
  selector: string,
  exporters: readonly Exporter[],
): readonly Exporter[] {
  const requirements = parseSelector(selector)
  return exporters.filter(({ exporter }) => {
    if (exporter.labels === undefined) return (exporter.selector ?? selector) === selector
    return matchesSelector(exporter.labels, requirements)
  })
}

/**
 * Why a role cannot be had in this run.
 *
 * @param exporters those that have started; the ones that come nearest are named first
 * @param failures why the others have not
 * @param most how many of those that have started to name
 */
export function explainMissing(
  role: string,
  selector: string,
  exporters: readonly Described[],
  failures: readonly string[],
  most = Infinity,
): string {
  const what = selector === '' ? 'an exporter' : `an exporter with ${selector}`
  const matching = matchingExporters(selector, exporters)
  if (matching.length > 0) {
    const names = matching.map(({ exporter }) => exporter.name).join(', ')
    return `No exporter is left for role '${role}': it needs ${what}, and other roles of this file need ${names} too`
  }
  const requirements = parseSelector(selector)
  const others = exporters.map(({ exporter: { name, labels } }) => {
    const missed = requirements.filter((requirement) => !holds(labels ?? {}, requirement)).map(({ key }) => key)
    const line = `exporter ${name}: ${formatLabels(labels)} (does not match: ${missed.join(', ')})`
    return { line, misses: missed.length }
  })
  const nearest = others.toSorted((one, other) => one.misses - other.misses).map(({ line }) => line)
  const rest = nearest.length > most ? [`and ${nearest.length - most} more`] : []
  const known = [...nearest.slice(0, most), ...rest, ...failures].map((line) => `\n  ${line.replaceAll('\n', '\n  ')}`)
  const list = known.length === 0 ? `\n  ${noExporters}` : `. There are:${known.join('')}`
  return `Role '${role}' needs ${what}, and this run has none${list}`
}

/**
 * Who holds what a file waits for.
 *
 * @param elsewhere which other process has an exporter
 */
export function describeHolders<Exporter extends Described>(
  wanted: ReadonlyMap<string, readonly Exporter[]>,
  elsewhere: (exporter: Exporter) => string | undefined,
): string {
  const roles = [...wanted].map(([role, candidates]) => {
    const holders = candidates.map((candidate) => {
      const { exporter, holder } = candidate
      const by = holder === undefined ? elsewhere(candidate) : holder.request.file
      return by === undefined ? `${exporter.name} is free` : `${exporter.name} is held by ${by}`
    })
    return `${role}: ${holders.join(', ')}`
  })
  return roles.join('; ')
}

function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? 'no labels' : pairs.join(',')
}
