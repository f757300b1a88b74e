import { Mistake, ConfigError } from '../../base/mistake.ts'
import type { Path } from '../../base/yaml-reader.ts'
import { messageOf } from '../../errors.ts'
import { Call } from '../call.ts'
import { CompositeDriver } from '../composite-driver.ts'
import { type Driver, interfaceOf } from '../driver.ts'
import { walkTree } from '../driver-tree.ts'
import { applyCommonOptions, findCommonMistakes, splitConfig } from './common-options.ts'
import { constructDriver } from './construct-driver.ts'
import type { DriverClass } from './driver-types.ts'
import type { DriverEntry, Entries } from './entries.ts'
import type { ExporterFile } from './exporter-file.ts'

/** Stands for a driver that cannot be made, so that the rest of the file can be checked. Nobody knows its children. */
class UnmadeDriver extends CompositeDriver<Record<string, Driver>> {}

interface Reference {
  /** The place in the file. */
  readonly path: Path
  readonly target: readonly string[]
  readonly put: (driver: Driver) => void
}

/** Makes the drivers first, then resolves references, because a reference may point to a later driver. */
export class TreeBuilder {
  /** The mistakes of the drivers, each with its place. */
  readonly mistakes: string[] = []
  readonly #file: ExporterFile
  readonly #classes: ReadonlyMap<string, DriverClass | Error>
  /** By the names from the root to the reference, joined by dots. */
  readonly #references = new Map<string, Reference>()

  /** @param classes the classes by the types of the file; an error for a type that has none */
  constructor(file: ExporterFile, classes: ReadonlyMap<string, DriverClass | Error>) {
    this.#file = file
    this.#classes = classes
  }

  /** Makes the tree. It is complete if there are no mistakes, in the file as in the drivers. */
  build(): Driver {
    const { config } = this.#file
    const root = new CompositeDriver<Record<string, Driver>>({})
    root.description = config.description
    this.#fill(root.children, config.entries, [], ['export'])
    for (const [name, { path, target, put }] of this.#references) {
      const names = this.#follow(target, new Set([name]))
      const driver =
        typeof names === 'string' ? `is a circle: ${names}; let one of them point to a driver` : find(root, names)
      if (typeof driver === 'string') this.#mistake([...path, 'ref'], driver)
      else if (driver !== undefined) put(driver)
      else
        this.#mistake(
          [...path, 'ref'],
          `points to '${target.join('.')}', which is not in the tree; write the names from the root down, with dots`,
        )
    }
    try {
      for (const { driver } of walkTree(root)) interfaceOf(driver)
    } catch (error) {
      this.mistakes.push(`export: ${messageOf(error)}`)
    }
    return root
  }

  #mistake(path: Path, text: string): void {
    this.mistakes.push(`${this.#file.place(path)} ${text}`)
  }

  /** Makes the drivers of `entries` and adds them to `children`, in the order of the file. */
  #fill(children: Record<string, Driver>, entries: Entries, above: readonly string[], path: Path): void {
    for (const [name, entry] of Object.entries(entries)) {
      const names = [...above, name]
      const place = [...path, name]
      if (entry.kind === 'reference') {
        // This driver keeps the place in the order until the right one is known.
        children[name] = new CompositeDriver({})
        const put = (driver: Driver) => void (children[name] = driver)
        this.#references.set(names.join('.'), { path: place, target: entry.ref, put })
        continue
      }
      const driver = entry.kind === 'composite' ? new CompositeDriver<Record<string, Driver>>({}) : new UnmadeDriver({})
      const made = entry.kind === 'driver' ? (this.#make(entry, place, names.join('.')) ?? driver) : driver
      if (entry.kind === 'driver') this.#checkChildren(entry, place)
      children[name] = made
      this.#fill(made.children, entry.children, names, [...place, 'children'])
    }
  }

  #make(entry: DriverEntry, place: Path, path: string): Driver | undefined {
    const Class = this.#classes.get(entry.type)
    if (Class === undefined || Class instanceof Error) {
      this.#mistake([...place, 'type'], messageOf(Class))
      return undefined
    }
    const { common, own } = splitConfig(Class, entry.config)
    const mistakes = [...findCommonMistakes(common)]
    let driver: Driver | undefined
    try {
      driver = new Call({ name: `${path} (${Class.name})`, path }).run(() => constructDriver(Class, own))
    } catch (error) {
      mistakes.push(...(error instanceof ConfigError ? error.mistakes : [new Mistake([], messageOf(error))]))
    }
    for (const mistake of mistakes) this.#mistake([...place, 'config', ...mistake.path], mistake.text)
    if (driver === undefined || mistakes.length > 0) return undefined
    applyCommonOptions(driver, common)
    Object.assign(driver.methodsDescription, entry.methodsDescription)
    if (entry.description !== undefined) driver.description = entry.description
    return driver
  }

  #checkChildren(entry: DriverEntry, place: Path): void {
    const Class = this.#classes.get(entry.type)
    if (Class === undefined || Class instanceof Error) return
    const missing = Class.requiredChildren?.filter((name) => !Object.hasOwn(entry.children, name)) ?? []
    if (missing.length === 0) return
    const [example = ''] = missing
    this.#mistake(
      [...place, 'children'],
      `has no ${missing.join(' and no ')}, which ${Class.name} needs; ` +
        `name a driver of the file there, such as ${example}: { ref: … }, or define one`,
    )
  }

  /** Follows every reference on the way to a target. @returns the names from the root to the driver; for a circle its places: `a → b → a` */
  #follow(target: readonly string[], seen: Set<string>): readonly string[] | string {
    let names: string[] = []
    for (const step of target) {
      names.push(step)
      const key = names.join('.')
      const reference = this.#references.get(key)
      if (reference === undefined) continue
      if (seen.has(key)) return [...seen, key].slice([...seen].indexOf(key)).join(' → ')
      const followed = this.#follow(reference.target, new Set([...seen, key]))
      if (typeof followed === 'string') return followed
      names = [...followed]
    }
    return names
  }
}

/** Finds a driver by the names from the root. @returns `undefined` if there is none; an unmade driver for what is below one */
function find(root: Driver, names: readonly string[]): Driver | undefined {
  let driver = root
  for (const name of names) {
    const child = Object.hasOwn(driver.children, name) ? driver.children[name] : undefined
    if (child === undefined) return driver instanceof UnmadeDriver ? driver : undefined
    driver = child
  }
  return driver
}
