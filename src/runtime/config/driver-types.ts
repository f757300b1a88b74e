import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { HardwareError, messageOf } from '../../errors.ts'
import { Driver } from '../driver.ts'

/** A driver's class as exporters construct it: with the `config` of its entry. */
export type DriverClass = new (config: Readonly<Record<string, unknown>>) => Driver

/** Loads driver classes by the names that upstream gives them. */
export type DriverTypes = ReadonlyMap<string, () => Promise<DriverClass>>

/**
 * Finds the class that an entry's `type` names: an upstream path that we have a driver for, `./file.ts#Export` relative
 * to the exporter's file, or `package/subpath#Export` as that file would import it.
 *
 * @throws HardwareError EXPORTER_CONFIG_INVALID when there is none
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
  if (!isDriverClass(found)) throw invalid(`is '${type}', which is not a class that extends Driver`)
  return found
}

async function importFrom(specifier: string, file: string): Promise<Record<string, unknown>> {
  if (/^\.{0,2}\//.test(specifier)) {
    return import(/* @vite-ignore */ pathToFileURL(resolve(dirname(file), specifier)).href)
  }
  const { resolve: resolveSpecifier } = await import('import-meta-resolve')
  return import(/* @vite-ignore */ resolveSpecifier(specifier, pathToFileURL(resolve(file)).href))
}

/**
 * By its chain of names too, because a driver may come from another copy of this package than the exporter's own.
 */
function isDriverClass(found: object): found is DriverClass {
  if ((found as DriverClass).prototype instanceof Driver) return true
  for (let parent: unknown = found; typeof parent === 'function'; parent = Object.getPrototypeOf(parent)) {
    if (parent.name === Driver.name) return true
  }
  return false
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
