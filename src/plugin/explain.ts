import type { LeasableExporter } from '../leases/lease.ts'
import { holds, matchesSelector, parseSelector } from '../leases/selector.ts'

/** What there is to say of an exporter. */
interface Described {
  readonly exporter: LeasableExporter
  readonly holder: { readonly request: { readonly file: string } } | undefined
}

const noExporters =
  "The run has no exporters: name them in hardware({ exporters: … }), or run inside 'jmp shell', which sets JUMPSTARTER_HOST"

/**
 * Why a role cannot be had in this run.
 *
 * @param exporters those that have started
 * @param failures why the others have not
 */
export function explainMissing(
  role: string,
  selector: string,
  exporters: readonly Described[],
  failures: readonly string[],
): string {
  const what = selector === '' ? 'an exporter' : `an exporter with ${selector}`
  const requirements = parseSelector(selector)
  const matching = exporters.filter(
    ({ exporter: { labels } }) => labels === undefined || matchesSelector(labels, requirements),
  )
  if (matching.length > 0) {
    const names = matching.map(({ exporter }) => exporter.name).join(', ')
    return `No exporter is left for role '${role}': it needs ${what}, and other roles of this file need ${names} too`
  }
  const lines = exporters.map(({ exporter: { name, labels } }) => {
    const missed = requirements.filter((requirement) => !holds(labels ?? {}, requirement)).map(({ key }) => key)
    return `  exporter ${name}: ${formatLabels(labels)} (does not match: ${missed.join(', ')})`
  })
  const known = [...lines, ...failures.map((failure) => `  ${failure.replaceAll('\n', '\n  ')}`)]
  const list = known.length === 0 ? `\n  ${noExporters}` : `. There are:\n${known.join('\n')}`
  return `Role '${role}' needs ${what}, and this run has none${list}`
}

/** Who holds what a file waits for. */
export function describeHolders(wanted: ReadonlyMap<string, readonly Described[]>): string {
  const roles = [...wanted].map(([role, candidates]) => {
    const holders = candidates.map(({ exporter, holder }) => {
      return holder === undefined ? `${exporter.name} is free` : `${exporter.name} is held by ${holder.request.file}`
    })
    return `${role}: ${holders.join(', ')}`
  })
  return roles.join('; ')
}

function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? 'no labels' : pairs.join(',')
}
