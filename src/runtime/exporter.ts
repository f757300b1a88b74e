import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { HardwareError, messageOf } from '../errors.ts'
import type { ControllerEndpoint } from '../protocol/controller-messages.ts'
import type { DriverTypes } from './config/driver-types.ts'
import type { Driver } from './driver.ts'
import { isExporterDefinition } from './define-exporter.ts'
import type { Hooks } from './hooks.ts'

/** Drivers that can be served, again and again: each session has a fresh tree. */
export interface Exporter {
  readonly name: string
  /** What selectors are matched against. */
  readonly labels: Readonly<Record<string, string>>
  /** What its file says that is not acted on. */
  readonly warnings: readonly string[]
  /** What runs before and after a lease. */
  readonly hooks?: Hooks
  /** The calls, such as `power.off`, with which a lease ends; without them, those that interfaces name. */
  readonly safe?: readonly string[] | undefined
  /** What it is known by on its machine, where that is not its file: exporters with the same one are not used at once. */
  readonly lock?: string | undefined
  /** The controller that `vitest-hardware run` registers it with. */
  readonly controller?: ControllerEndpoint | undefined
  createRoot(): Driver
}

/**
 * Loads an exporter from a file: Jumpstarter's ExporterConfig in YAML, or a module whose default export is what
 * `defineExporter()` returns.
 *
 * @throws HardwareError EXPORTER_CONFIG_INVALID with all mistakes in it
 */
export async function loadExporter(file: string, types: DriverTypes): Promise<Exporter> {
  if (/\.ya?ml$/i.test(file)) return loadYaml(file, types)
  if (/\.[cm]?[jt]s$/i.test(file)) return loadModule(file)
  throw new HardwareError('EXPORTER_CONFIG_INVALID', `${file} is neither a YAML file nor a .ts or .js module`)
}

async function loadYaml(file: string, types: DriverTypes): Promise<Exporter> {
  const [text, { parseExporterConfig }, { prepareTree }] = await Promise.all([
    readFile(file, 'utf8').catch((cause: unknown) => {
      throw new HardwareError('EXPORTER_CONFIG_INVALID', `Cannot read ${file}: ${messageOf(cause)}`, { cause })
    }),
    import('./config/parse.ts'),
    import('./config/build.ts'),
  ])
  const config = parseExporterConfig(text, file)
  const createRoot = await prepareTree(config, file, types)
  const { name, labels, hooks, safe, lock, controller, warnings } = config
  return { name, labels, hooks, safe, lock, controller, warnings, createRoot }
}

async function loadModule(file: string): Promise<Exporter> {
  let module: { default?: unknown }
  try {
    module = await import(/* @vite-ignore */ pathToFileURL(resolve(file)).href)
  } catch (cause) {
    throw new HardwareError('EXPORTER_CONFIG_INVALID', `Cannot load ${file}: ${messageOf(cause)}`, { cause })
  }
  if (!isExporterDefinition(module.default)) {
    throw new HardwareError('EXPORTER_CONFIG_INVALID', `${file} has no default export made by defineExporter()`)
  }
  return { warnings: [], ...module.default }
}
