import { messageOf } from '../../errors.ts'
import type { Driver } from '../driver.ts'
import { checkSafeArgs, findSafeCalls } from '../safe-state.ts'
import { splitConfig } from './common-options.ts'
import { type DriverClass, type DriverTypes, resolveDriverType } from './driver-types.ts'
import type { DriverEntry, Entries } from './entries.ts'
import { type ExporterFile, invalidConfig } from './exporter-file.ts'
import { TreeBuilder } from './tree-builder.ts'

/** Makes a new tree of drivers, for one session. */
export type TreeFactory = () => Driver

/**
 * Loads the classes of all drivers of a file, and constructs each driver once, to find every mistake now.
 *
 * @param warn receives a warning for each option that has no effect
 * @throws HardwareError EXPORTER_CONFIG_INVALID with all mistakes of the file and of its drivers, each with its place in the file. The
 *   calls of `safe` are looked for when all drivers can be made.
 */
export async function prepareTree(
  file: ExporterFile,
  types: DriverTypes,
  warn: (warning: string) => void = () => undefined,
): Promise<TreeFactory> {
  const { config, path } = file
  const classes = new Map<string, DriverClass | Error>()
  for (const [, { type }] of walkDrivers(config.entries, 'export')) {
    if (classes.has(type)) continue
    const load = resolveDriverType(type, path, types)
    classes.set(
      type,
      await load.catch((error: unknown) => (error instanceof Error ? error : new Error(messageOf(error)))),
    )
  }
  const builder = new TreeBuilder(file, classes)
  const root = builder.build()
  const mistakes = [...file.mistakes, ...builder.mistakes]
  if (mistakes.length === 0) {
    const safe = findSafeCalls(root, config.safe)
    mistakes.push(...safe.mistakes, ...(await checkSafeArgs(safe.calls)))
  }
  if (mistakes.length > 0) throw invalidConfig(path, mistakes)
  for (const [place, entry] of walkDrivers(config.entries, 'export')) {
    const Class = classes.get(entry.type)
    if (Class === undefined || Class instanceof Error) continue
    for (const key of splitConfig(Class, entry.config).ignored) warn(`${place}.config.${key} has no effect here`)
  }
  return () => {
    const again = new TreeBuilder(file, classes)
    const made = again.build()
    if (again.mistakes.length > 0) throw invalidConfig(path, again.mistakes)
    return made
  }
}

function* walkDrivers(entries: Entries, path: string): Generator<[path: string, entry: DriverEntry]> {
  for (const [name, entry] of Object.entries(entries)) {
    if (entry.kind === 'driver') yield [`${path}.${name}`, entry]
    if (entry.kind !== 'reference') yield* walkDrivers(entry.children, `${path}.${name}.children`)
  }
}
