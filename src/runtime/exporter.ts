import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { shownPath } from '../base/shown-path.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { ControllerEndpoint } from '../protocol/controller/controller-messages.ts'
import type { DriverTypes } from './config/driver-types.ts'
import type { Driver } from './driver.ts'
import { isExporterDefinition } from './define-exporter.ts'
import type { Hooks } from './hooks.ts'
import type { SafeEntry } from './safe-state.ts'

/** An exporter that is loaded. Each of its sessions has a new tree of drivers. */
export interface Exporter {
  readonly name: string
  /** The labels that selectors are matched against. */
  readonly labels: Readonly<Record<string, string>>
  /** The parts of the file that have no effect. */
  readonly warnings: readonly string[]
  /** The commands that run before and after a lease. */
  readonly hooks?: Hooks
  /** Clients on other machines get the files and lines of drivers' errors, too (default: those on this machine alone). */
  readonly errorStacks?: boolean | undefined
  /** The variables of this process that hooks and programs of drivers get, in addition to the usual ones. */
  readonly environment?: readonly string[] | undefined
  /** The addresses and subnets of this machine, of its link and of metadata services that presigned requests may go to. */
  readonly presignedAddresses?: readonly string[] | undefined
  /** A message for people who lease the exporter; Jumpstarter's shell shows it. */
  readonly motd?: string | undefined
  /** The calls, such as `power.off`, at the end of each lease (default: the calls that interfaces name). */
  readonly safe?: readonly SafeEntry[] | undefined
  /** The name of the exporter's lock on this machine (default: its file). Exporters with the same lock are not used at once. */
  readonly lock?: string | undefined
  /** The controller with which `vitest-hardware run` registers the exporter. */
  readonly controller?: ControllerEndpoint | undefined
  createRoot(): Driver
}

/**
 * Loads an exporter from a file: Jumpstarter's ExporterConfig in YAML, or a module with the result of `defineExporter()` as its
 * default export.
 *
 * @throws HardwareError EXPORTER_CONFIG_INVALID with all mistakes in the file
 */
export async function loadExporter(file: string, types: DriverTypes): Promise<Exporter> {
  if (/\.ya?ml$/i.test(file)) return loadYaml(file, types)
  if (/\.[cm]?[jt]s$/i.test(file)) return loadModule(file)
  throw new HardwareError('EXPORTER_CONFIG_INVALID', `${file} is neither a YAML file nor a .ts or .js module`)
}

async function loadYaml(file: string, types: DriverTypes): Promise<Exporter> {
  const [text, { readExporterFile }, { prepareTree }] = await Promise.all([
    readFile(file, 'utf8').catch((cause: unknown) => {
      throw new HardwareError('EXPORTER_CONFIG_INVALID', `Cannot read ${shownPath(file)}: ${messageOf(cause)}`, {
        cause,
      })
    }),
    import('./config/parse.ts'),
    import('./config/build.ts'),
  ])
  const exporterFile = readExporterFile(text, file)
  const { config } = exporterFile
  const warnings = [...config.warnings]
  const createRoot = await prepareTree(exporterFile, types, (warning) => warnings.push(warning))
  return { ...config, warnings, createRoot }
}

async function loadModule(file: string): Promise<Exporter> {
  let module: { default?: unknown }
  try {
    module = await import(/* @vite-ignore */ pathToFileURL(resolve(file)).href)
  } catch (cause) {
    throw new HardwareError('EXPORTER_CONFIG_INVALID', `Cannot load ${shownPath(file)}: ${messageOf(cause)}`, { cause })
  }
  if (!isExporterDefinition(module.default)) {
    throw new HardwareError('EXPORTER_CONFIG_INVALID', `${file} has no default export made by defineExporter()`)
  }
  return { warnings: [], ...module.default }
}
