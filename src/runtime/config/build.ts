import { HardwareError, messageOf } from '../../errors.ts'
import { CompositeDriver } from '../composite-driver.ts'
import type { Driver } from '../driver.ts'
import { type DriverClass, type DriverTypes, resolveDriverType } from './driver-types.ts'
import type { Entries, Entry, ExporterConfig } from './parse.ts'

/** Makes a fresh tree of drivers, for one session. */
export type TreeFactory = () => Driver

/**
 * Loads the classes of all drivers of a file, and tries to construct them once, so that every mistake shows now.
 *
 * @param file the path of the file, which types are relative to
 * @throws HardwareError EXPORTER_CONFIG_INVALID with all mistakes, each with its path in the file
 */
export async function prepareTree(config: ExporterConfig, file: string, types: DriverTypes): Promise<TreeFactory> {
  const mistakes: string[] = []
  const classes = new Map<string, DriverClass>()
  for (const [path, entry] of walk(config.entries, 'export')) {
    if (entry.kind !== 'driver' || classes.has(entry.type)) continue
    try {
      classes.set(entry.type, await resolveDriverType(entry.type, file, types))
    } catch (error) {
      mistakes.push(`${path}.type ${messageOf(error)}`)
    }
  }
  if (mistakes.length === 0) new TreeBuilder(classes, mistakes).build(config)
  if (mistakes.length > 0) throw invalid(file, mistakes)
  return () => {
    const failures: string[] = []
    const root = new TreeBuilder(classes, failures).build(config)
    if (failures.length > 0) throw invalid(file, failures)
    return root
  }
}

function invalid(file: string, mistakes: readonly string[]): HardwareError {
  const list = mistakes.map((mistake) => `  ${mistake}`).join('\n')
  return new HardwareError('EXPORTER_CONFIG_INVALID', `${file} is not a valid exporter configuration:\n${list}`)
}

function* walk(entries: Entries, path: string): Generator<[string, Entry]> {
  for (const [name, entry] of Object.entries(entries)) {
    yield [`${path}.${name}`, entry]
    if (entry.kind !== 'reference') yield* walk(entry.children, `${path}.${name}.children`)
  }
}

/** Drivers first; references when all of them are there, because they may point forwards. */
class TreeBuilder {
  readonly #classes: ReadonlyMap<string, DriverClass>
  readonly #mistakes: string[]
  readonly #references: { path: string; ref: readonly string[]; place: (driver: Driver) => void }[] = []

  constructor(classes: ReadonlyMap<string, DriverClass>, mistakes: string[]) {
    this.#classes = classes
    this.#mistakes = mistakes
  }

  build(config: ExporterConfig): Driver {
    const root = new CompositeDriver(this.#children(config.entries, 'export'))
    root.description = config.description
    for (const { path, ref, place } of this.#references) {
      const target = this.#find(root, ref, new Set())
      if (target === undefined)
        this.#mistakes.push(`${path}.ref points to '${ref.join('.')}', which is not in the tree`)
      else place(target)
    }
    return root
  }

  #children(entries: Entries, path: string): Record<string, Driver> {
    const children: Record<string, Driver> = {}
    for (const [name, entry] of Object.entries(entries)) {
      const place = (driver: Driver) => void (children[name] = driver)
      const here = `${path}.${name}`
      // A reference holds the place, so that children keep the order of the file.
      place(new CompositeDriver({}))
      if (entry.kind === 'reference') this.#references.push({ path: here, ref: entry.ref, place })
      else this.#make(entry, here, place)
    }
    return children
  }

  #make(entry: Exclude<Entry, { kind: 'reference' }>, path: string, place: (driver: Driver) => void): void {
    const children = this.#children(entry.children, `${path}.children`)
    if (entry.kind === 'composite') {
      place(new CompositeDriver(children))
      return
    }
    const Class = this.#classes.get(entry.type)
    if (Class === undefined) return
    try {
      const driver = new Class(entry.config)
      Object.assign(driver.children, children)
      Object.assign(driver.methodsDescription, entry.methodsDescription)
      if (entry.description !== undefined) driver.description = entry.description
      place(driver)
    } catch (error) {
      this.#mistakes.push(`${path}.config ${messageOf(error)}`)
    }
  }

  /** Follows names down, through other references, but never round in a circle. */
  #find(root: Driver, ref: readonly string[], seen: Set<string>): Driver | undefined {
    const key = ref.join('.')
    if (seen.has(key)) return undefined
    seen.add(key)
    const other = this.#references.find(({ path }) => path.replaceAll('.children', '') === `export.${key}`)
    if (other !== undefined) return this.#find(root, other.ref, seen)
    return ref.reduce<Driver | undefined>((driver, name) => driver?.children[name], root)
  }
}
