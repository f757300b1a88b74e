import { allocate, type Candidates } from './allocation.ts'
import type { ExporterSlot } from './exporter-slot.ts'
import type { FileRequest } from './file-request.ts'
import { matchingExporters } from './missing-exporters.ts'

/** The slots that a file needs, and those that it can get now. */
export interface Choice {
  /** The suitable slots of each role that can be filled. While exporters are still starting, every role counts. */
  readonly wanted: Candidates<string, ExporterSlot>
  /** A free slot for each of these roles, or for fewer roles while others have the rest. */
  readonly allocation: Map<string, ExporterSlot>
}

/** The slots that {@link chooseSlots} chooses from. */
export interface Offer {
  /** All slots of the run, the best ones first. */
  readonly slots: readonly ExporterSlot[]
  /** True if no exporter is still starting. */
  readonly settled: boolean
  /** The slots that are kept for files that have waited longer. */
  readonly reserved: ReadonlySet<ExporterSlot>
}

/** Chooses exporters for the roles of a file. */
export function chooseSlots(
  file: Pick<FileRequest, 'request' | 'otherProcessHolding'>,
  { slots, settled, reserved }: Offer,
): Choice {
  const all = candidatesOf(file, slots)
  const possible = allocate(all)
  const wanted = settled ? new Map([...all].filter(([role]) => possible.has(role))) : all
  const choose = (among: readonly ExporterSlot[]) => allocate(candidatesOf(file, among, wanted.keys()))
  const free = slots.filter((slot) => slot.holder === undefined && !reserved.has(slot))
  // The file waits for another process only if no other exporters of this run could ever do.
  const ofThisRun = slots.filter((slot) => file.otherProcessHolding(slot) === undefined)
  const canAvoidOthers = !settled || choose(ofThisRun).size === wanted.size
  return { wanted, allocation: choose(canAvoidOthers ? free.filter((slot) => ofThisRun.includes(slot)) : free) }
}

/** Exporters that have failed the file, or that another process holds, come last. */
function candidatesOf(
  file: Parameters<typeof chooseSlots>[0],
  among: readonly ExporterSlot[],
  roles: Iterable<string> = Object.keys(file.request.roles),
): Map<string, readonly ExporterSlot[]> {
  const avoid = new Set(file.request.avoid)
  const cost = (slot: ExporterSlot) =>
    2 * Number(avoid.has(slot.name)) + Number(file.otherProcessHolding(slot) !== undefined)
  const preferred = among.toSorted((one, other) => cost(one) - cost(other))
  return new Map(Array.from(roles, (role) => [role, matchingExporters(file.request.roles[role] ?? '', preferred)]))
}
