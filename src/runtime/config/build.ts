import { messageOf } from '../../errors.ts'
import { Call } from '../call.ts'
import { CompositeDriver } from '../composite-driver.ts'
import { type Driver, interfaceOf } from '../driver.ts'
import { checkSafeArgs, findSafeCalls } from '../safe-state.ts'
import { walkTree } from '../driver-tree.ts'
import { applyCommonOptions, splitConfig } from './common-options.ts'
import { constructDriver } from './construct-driver.ts'
import { type DriverClass, type DriverTypes, resolveDriverType } from './driver-types.ts'
import type { Entries, Entry } from './entries.ts'
import { type ExporterConfig, invalidConfig } from './parse.ts'

/** Makes a new tree of drivers, for one session. */
export type TreeFactory = () => Driver

/**
 * Loads the classes of all drivers of a file, and constructs each driver once, to find every mistake now.
 *
 * @param file the path of the file; the paths of types are relative to its folder
 * @param warn receives a warning for each option that has no effect
 * @throws HardwareError EXPORTER_CONFIG_INVALID with all mistakes, each with its path in the file
 */
export async function prepareTree(
  config: ExporterConfig,
  file: string,
  types: DriverTypes,
  warn: (warning: string) => void = () => undefined,
): Promise<TreeFactory> {
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
    if (mistakes.length === 0) {
      const safe = findSafeCalls(root, config.safe)
      mistakes.push(...safe.mistakes, ...(await checkSafeArgs(safe.calls)))
    }
  }
  if (mistakes.length > 0) throw invalidConfig(file, mistakes)
  for (const [path, entry] of walk(config.entries, 'export')) {
    const Class = entry.kind === 'driver' ? classes.get(entry.type) : undefined
    if (entry.kind !== 'driver' || Class === undefined) continue
    for (const key of splitConfig(Class, entry.config).ignored) warn(`${path}.config.${key} has no effect here`)
  }
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
  /** The place in the file, for messages. */
  readonly place: string
  readonly target: readonly string[]
  readonly put: (driver: Driver) => void
}

/** Makes the drivers first, then resolves references, because a reference may point to a later driver. */
class TreeBuilder {
  readonly #classes: ReadonlyMap<string, DriverClass>
  readonly #mistakes: string[]
  /** By the names from the root to the reference, joined by dots. */
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
      if (typeof names === 'string') {
        this.#mistakes.push(`${place}.ref is a circle: ${names}`)
        continue
      }
      const driver = names.reduce<Driver | undefined>((parent, step) => own(parent?.children, step), root)
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

  /** Makes the drivers of `entries` and adds them to `children`, in the order of the file. */
  #fill(children: Record<string, Driver>, entries: Entries, above: readonly string[], path: string): void {
    for (const [name, entry] of Object.entries(entries)) {
      const names = [...above, name]
      const place = `${path}.${name}`
      if (entry.kind === 'reference') {
        // This driver keeps the place in the order until the right one is known.
        children[name] = new CompositeDriver({})
        const put = (driver: Driver) => void (children[name] = driver)
        this.#references.set(names.join('.'), { place, target: entry.ref, put })
        continue
      }
      const driver = entry.kind === 'composite' ? new CompositeDriver({}) : this.#make(entry, place, names.join('.'))
      if (entry.kind === 'driver') this.#checkChildren(entry, place)
      if (driver === undefined) continue
      children[name] = driver
      this.#fill(driver.children, entry.children, names, `${place}.children`)
    }
  }

  #make(entry: Entry & { kind: 'driver' }, place: string, path: string): Driver | undefined {
    const Class = this.#classes.get(entry.type)
    if (Class === undefined) return undefined
    const { common, own } = splitConfig(Class, entry.config)
    try {
      const construction = new Call({ name: `${path} (${Class.name})`, path })
      const driver = construction.run(() => constructDriver(Class, own))
      applyCommonOptions(driver, common)
      Object.assign(driver.methodsDescription, entry.methodsDescription)
      if (entry.description !== undefined) driver.description = entry.description
      return driver
    } catch (error) {
      this.#mistakes.push(`${place}.config ${messageOf(error)}`)
      return undefined
    }
  }

  #checkChildren(entry: Entry & { kind: 'driver' }, place: string): void {
    const Class = this.#classes.get(entry.type)
    const missing = Class?.requiredChildren?.filter((name) => !Object.hasOwn(entry.children, name)) ?? []
    if (missing.length === 0) return
    const [example = ''] = missing
    this.#mistakes.push(
      `${place}.children has no ${missing.join(' and no ')}, which ${Class?.name} needs; ` +
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

function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
}
