import { messageOf } from '../../errors.ts'
import { CompositeDriver } from '../composite-driver.ts'
import { type Driver, interfaceOf } from '../driver.ts'
import { findSafeCalls } from '../safe-state.ts'
import { walkTree } from '../tree.ts'
import { type DriverClass, type DriverTypes, resolveDriverType } from './driver-types.ts'
import { type Entries, type Entry, type ExporterConfig, invalidConfig } from './parse.ts'

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
  if (mistakes.length === 0) {
    const root = new TreeBuilder(classes, mistakes).build(config)
    if (mistakes.length === 0) mistakes.push(...findSafeCalls(root, config.safe).mistakes)
  }
  if (mistakes.length > 0) throw invalidConfig(file, mistakes)
  return () => {
    const failures: string[] = []
    const root = new TreeBuilder(classes, failures).build(config)
    if (failures.length > 0) throw invalidConfig(file, failures)
    return root
  }
}

function* walk(entries: Entries, path: string): Generator<[string, Entry]> {
  for (const [name, entry] of Object.entries(entries)) {
    yield [`${path}.${name}`, entry]
    if (entry.kind !== 'reference') yield* walk(entry.children, `${path}.${name}.children`)
  }
}

interface Reference {
  /** Where it stands in the file, for messages. */
  readonly place: string
  readonly target: readonly string[]
  readonly put: (driver: Driver) => void
}

/** Drivers first; references when all of them are there, because they may point forwards. */
class TreeBuilder {
  readonly #classes: ReadonlyMap<string, DriverClass>
  readonly #mistakes: string[]
  /** By their names from the root down, joined by dots. */
  readonly #references = new Map<string, Reference>()

  constructor(classes: ReadonlyMap<string, DriverClass>, mistakes: string[]) {
    this.#classes = classes
    this.#mistakes = mistakes
  }

  build(config: ExporterConfig): Driver {
    const root = new CompositeDriver<Record<string, Driver>>({})
    root.description = config.description
    this.#fill(root.children, config.entries, [], 'export')
    for (const [name, { place, target, put }] of this.#references) {
      const names = this.#follow(target, new Set([name]))
      const driver = names?.reduce<Driver | undefined>((parent, step) => own(parent?.children, step), root)
      if (driver === undefined)
        this.#mistakes.push(`${place}.ref points to '${target.join('.')}', which is not in the tree`)
      else put(driver)
    }
    try {
      for (const { driver } of walkTree(root)) interfaceOf(driver)
    } catch (error) {
      this.#mistakes.push(`export: ${messageOf(error)}`)
    }
    return root
  }

  /** Makes the drivers of `entries` and puts them among `children`, in the order of the file. */
  #fill(children: Record<string, Driver>, entries: Entries, above: readonly string[], path: string): void {
    for (const [name, entry] of Object.entries(entries)) {
      const names = [...above, name]
      const place = `${path}.${name}`
      if (entry.kind === 'reference') {
        // It holds the place until the driver is known.
        children[name] = new CompositeDriver({})
        const put = (driver: Driver) => void (children[name] = driver)
        this.#references.set(names.join('.'), { place, target: entry.ref, put })
        continue
      }
      const driver = entry.kind === 'composite' ? new CompositeDriver({}) : this.#make(entry, place)
      if (driver === undefined) continue
      children[name] = driver
      this.#fill(driver.children, entry.children, names, `${place}.children`)
    }
  }

  #make(entry: Entry & { kind: 'driver' }, place: string): Driver | undefined {
    const Class = this.#classes.get(entry.type)
    if (Class === undefined) return undefined
    try {
      const driver = new Class(entry.config)
      Object.assign(driver.methodsDescription, entry.methodsDescription)
      if (entry.description !== undefined) driver.description = entry.description
      return driver
    } catch (error) {
      this.#mistakes.push(`${place}.config ${messageOf(error)}`)
      return undefined
    }
  }

  /** The names of what is meant, with every reference on the way followed; undefined when they lead in a circle. */
  #follow(target: readonly string[], seen: Set<string>): readonly string[] | undefined {
    let names: string[] = []
    for (const step of target) {
      names.push(step)
      const key = names.join('.')
      const reference = this.#references.get(key)
      if (reference === undefined) continue
      if (seen.has(key)) return undefined
      const followed = this.#follow(reference.target, new Set([...seen, key]))
      if (followed === undefined) return undefined
      names = [...followed]
    }
    return names
  }
}

function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
}
