import { allocate, type Candidates } from './allocation.ts'
import { matchingExporters } from './explain.ts'
import type { ExporterSlots, Slot } from './exporter-slots.ts'
import type { FileRequest } from './file-request.ts'

/** What a file that waits wants, and what of it can be had now. */
export interface Choice {
  /** Which exporters would do for each role that can be had at all, as far as is known yet. */
  readonly wanted: Candidates<string, Slot>
  /** One for each role, or for fewer, while others have to be waited for. */
  readonly allocation: Map<string, Slot>
}

/**
 * Chooses exporters for the roles of a file.
 *
 * @param reserved what files have been promised that have waited longer
 */
export function chooseSlots(
  file: FileRequest,
  { started, settled }: Pick<ExporterSlots, 'started' | 'settled'>,
  reserved: ReadonlySet<Slot>,
): Choice {
  const all = candidatesOf(file, started)
  const possible = allocate(all)
  const wanted = settled ? new Map([...all].filter(([role]) => possible.has(role))) : all
  const free = started.filter((slot) => slot.holder === undefined && !reserved.has(slot))
  const give = (among: readonly Slot[]) => allocate(candidatesOf(file, among, wanted.keys()))
  // What another process has is waited for only where nothing else of this run could ever do.
  const others = started.filter((slot) => file.holderElsewhere(slot) === undefined)
  const mayDo = !settled || give(others).size === wanted.size
  return { wanted, allocation: give(mayDo ? free.filter((slot) => others.includes(slot)) : free) }
}

/** Those that have failed the file, or that another process has, come last. */
function candidatesOf(file: FileRequest, among: readonly Slot[], roles?: Iterable<string>) {
  const { roles: selectors, avoid = [] } = file.request
  const cost = (slot: Slot) =>
    2 * Number(avoid.includes(slot.exporter.name)) + Number(file.holderElsewhere(slot) !== undefined)
  const preferred = among.toSorted((one, other) => cost(one) - cost(other))
  const wanted = Array.from(roles ?? Object.keys(selectors))
  return new Map(wanted.map((role) => [role, matchingExporters(selectors[role] ?? '', preferred)]))
}
