/** A driver in an exporter's file. */
export interface DriverEntry {
  readonly kind: 'driver'
  readonly type: string
  readonly description: string | undefined
  readonly methodsDescription: Readonly<Record<string, string>>
  readonly config: Readonly<Record<string, unknown>>
  readonly children: Entries
}

/** A group of drivers. */
interface CompositeEntry {
  readonly kind: 'composite'
  readonly children: Entries
}

/** A second place for a driver of the tree. */
export interface ReferenceEntry {
  readonly kind: 'reference'
  /** Names from the root down. */
  readonly ref: readonly string[]
}

/** An entry that cannot be read. Its mistakes are known; the drivers below it may have more. */
export interface MistakenEntry {
  readonly kind: 'mistaken'
  readonly children: Entries
}

/** One entry of `export` or of `children`. */
export type Entry = DriverEntry | CompositeEntry | ReferenceEntry | MistakenEntry

/** Entries by name. */
export type Entries = Readonly<Record<string, Entry>>
