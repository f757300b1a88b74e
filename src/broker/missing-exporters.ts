import { formatLabels } from '../base/labels.ts'
import type { ExporterUser, LeasableExporter } from '../leases/lease.ts'
import type { FileWait, Holder } from '../leases/run-event.ts'
import { holds, matchesSelector, parseSelector } from '../base/selector.ts'
import type { Candidates } from './allocation.ts'
import type { ExporterSlot } from './exporter-slot.ts'

/** The parts of a slot that selectors and messages need. */
export interface Described {
  readonly exporter: Pick<LeasableExporter, 'name' | 'labels' | 'selector'>
}

/** An exporter of the options that no file can get, because it did not start or has failed too often. */
export interface ExporterFailure {
  readonly exporter: string
  /** The name and the reason, which may have several lines. */
  readonly sentence: string
}

/** The exporters of a run, when all have started or failed. */
export interface SettledExporters {
  /** Those that have started. */
  readonly exporters: readonly Described[]
  /** The others. */
  readonly failures: readonly ExporterFailure[]
}

/** The remedy for a run without exporters. */
export const noExporters =
  "The run has no exporters: name them in hardware({ exporters: … }), or run inside 'jmp shell', which sets JUMPSTARTER_HOST"

/** Finds the exporters that match a selector. An exporter with unknown labels matches, unless a controller has another selector for it. */
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
 * Explains why no exporter of this run can fill a role.
 *
 * @param exporters the exporters that have started. Those that match most of the selector are named first
 * @param failures the other exporters. Only their names are told, because {@link explainBroken} tells the rest
 * @param maxNamed the number of exporters to name
 */
export function explainMissing(
  role: string,
  selector: string,
  exporters: readonly Described[],
  failures: readonly Pick<ExporterFailure, 'exporter'>[],
  maxNamed = Infinity,
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
    const line = `exporter ${name}: ${formatLabels(labels) || 'no labels'} (does not match: ${missed.join(', ')})`
    return { line, misses: missed.length }
  })
  const nearest = others.toSorted((one, other) => one.misses - other.misses).map(({ line }) => line)
  const rest = nearest.length > maxNamed ? [`and ${nearest.length - maxNamed} more`] : []
  const broken = failures.map(({ exporter }) => exporter).join(', ')
  const known = [...nearest.slice(0, maxNamed), ...rest, ...(broken === '' ? [] : [`not working: ${broken}`])]
  const list = known.length === 0 ? `\n  ${noExporters}` : `. There are:${asList(known)}`
  return `Role '${role}' needs ${what}, and this run has none${list}`
}

/**
 * Explains that a role has no exporter, and that broken exporters may be the reason. The text is the same for every role, so that
 * Vitest prints it once for all tests.
 *
 * @param sentences one for each exporter that does not work, and for each other reason
 */
export function explainBroken(sentences: readonly string[]): string {
  return `No exporter that works has the hardware of this test, and the set-up of the run is broken:${asList(sentences)}`
}

function asList(items: readonly string[]): string {
  return items.map((item) => `\n  ${item.replaceAll('\n', '\n  ')}`).join('')
}

/** The exporters that a file waits for, by role, and their users. */
export function holdersOf(
  wanted: Candidates<string, ExporterSlot>,
  file: { otherProcessHolding(slot: ExporterSlot): ExporterUser | undefined },
): Extract<FileWait, { readonly type: 'held' }>['roles'] {
  const holderOf = (slot: ExporterSlot): Holder | undefined => {
    if (slot.holder !== undefined) return { type: 'file', file: slot.holder.name }
    const process = file.otherProcessHolding(slot)
    return process === undefined ? undefined : { type: 'process', process }
  }
  const roles = Array.from(wanted, ([role, slots]) => {
    return [role, slots.map((slot) => ({ exporter: slot.name, holder: holderOf(slot) }))] as const
  })
  return Object.fromEntries(roles)
}
