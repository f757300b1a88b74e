import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { describeCopies, otherMajorOf } from '../../base/brand.ts'
import { isRecord } from '../../base/check.ts'
import type { ConfigSchema } from '../../base/config-schema.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import { Driver } from '../driver.ts'

/** The class of a driver. An exporter constructs it with the `config` of the driver's entry. */
export interface DriverClass {
  new (config: Readonly<Record<string, unknown>>): Driver
  /** What its config may be: rules for its keys, or a Standard Schema, whose output the constructor gets. */
  readonly configRules?: ConfigSchema
  /** The keys of Jumpstarter's driver that have no effect in this one. A file that has them gets a warning. */
  readonly ignoredConfig?: readonly string[]
  /** The names of the drivers that have to be below it, as `children` in the exporter's file. */
  readonly requiredChildren?: readonly string[]
  /**
   * Says what a driver with this config needs on the exporter's machine, and whether it is there: devices, programs, packages,
   * addresses. It changes nothing, and the config is valid.
   */
  check?(config: Readonly<Record<string, unknown>>, options: CheckOptions): Promise<readonly Requirement[]>
}

/** Loads driver classes, by Jumpstarter's names for them. */
export type DriverTypes = ReadonlyMap<string, () => Promise<DriverClass>>

/**
 * Finds the class that an entry's `type` names: a name of Jumpstarter's for which this package has a driver, `./file.ts#Export`
 * relative to the exporter's file, or `package/subpath#Export` as that file would import it.
 *
 * @throws HardwareError EXPORTER_CONFIG_INVALID when no such class exists
 */
export async function resolveDriverType(type: string, file: string, types: DriverTypes): Promise<DriverClass> {
  const load = types.get(type)
  if (load !== undefined) return load()
  const { specifier, name } = /^(?<specifier>[^#]+)#(?<name>\w+)$/.exec(type)?.groups ?? {}
  if (specifier === undefined || name === undefined) {
    throw invalid(
      `is '${type}', for which there is no driver. There are ${[...types.keys()].join(', ')}; a driver of your own is ` +
        `'./file.ts#Export' or 'package/subpath#Export'`,
    )
  }
  const module = await importFrom(specifier, file).catch((cause: unknown) => {
    throw invalid(`is '${type}', which cannot be imported: ${explain(cause)}`, cause)
  })
  const found = module[name]
  if (typeof found !== 'function') {
    throw invalid(`is '${type}', but the module exports no class ${name}; it exports ${Object.keys(module).join(', ')}`)
  }
  const prototype: unknown = found.prototype
  if (prototype instanceof Driver) return found as DriverClass
  const other = isRecord(prototype) ? otherMajorOf(prototype) : undefined
  throw invalid(`is '${type}', which ${other ? describeCopies(other) : 'is not a class that extends Driver'}`)
}

async function importFrom(specifier: string, file: string): Promise<Record<string, unknown>> {
  if (/^\.{0,2}\//.test(specifier)) {
    const path = resolve(dirname(file), specifier)
    if (!existsSync(path)) throw new Error(`there is no file ${path}; the path is relative to the exporter's file`)
    return import(/* @vite-ignore */ pathToFileURL(path).href)
  }
  const { resolve: resolveSpecifier } = await import('import-meta-resolve')
  return import(/* @vite-ignore */ resolveSpecifier(specifier, pathToFileURL(resolve(file)).href))
}

function explain(cause: unknown): string {
  const code = (cause as { code?: string } | undefined)?.code
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return `${messageOf(cause)} (Node.js runs TypeScript by removing its types; enums, namespaces and parameter properties are not only types)`
  }
  return messageOf(cause)
}

function invalid(message: string, cause?: unknown): HardwareError {
  return new HardwareError('EXPORTER_CONFIG_INVALID', message, { cause })
}
