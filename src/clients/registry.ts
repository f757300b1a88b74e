import { pathToFileURL } from 'node:url'

import { HardwareError, messageOf } from '../errors.ts'
import { type ClientClass, DriverClient, mistakeOfClientClass } from './driver-client.ts'
import { clientTypes } from './types.ts'

/** The classes that have been registered or loaded, by their paths. */
const known = new Map<string, ClientClass>()

/** Registers a client class for the path that drivers report. It takes the place of a class that had the path before. */
export function registerClient(path: string, Client: ClientClass): void {
  known.set(path, Client)
}

/**
 * Finds the class for a path that a driver reports: a registered class, a class of this package, or
 * `package/subpath#Export`, which is imported if `allow` names the package. Every other driver gets a plain
 * {@link DriverClient}, which can still `call` its methods.
 *
 * @throws HardwareError MODULE_MISSING when an allowed package has no such class
 */
export async function resolveClient(path: string, allow: readonly string[]): Promise<ClientClass> {
  const found = known.get(path)
  if (found !== undefined) return found
  const Client = (await clientTypes.get(path)?.()) ?? (await importAllowed(path, allow))
  if (Client === undefined) return DriverClient
  // A class that was registered while this one was loading stays.
  if (!known.has(path)) known.set(path, Client)
  return known.get(path) ?? Client
}

async function importAllowed(path: string, allow: readonly string[]): Promise<ClientClass | undefined> {
  const { specifier, name } = /^(?<specifier>[^.#/][^#]*)#(?<name>\w+)$/.exec(path)?.groups ?? {}
  if (specifier === undefined || name === undefined || !allow.includes(packageOf(specifier))) return undefined
  return importClient(specifier, name, path)
}

async function importClient(specifier: string, name: string, path: string): Promise<ClientClass> {
  let found: unknown
  try {
    const { resolve } = await import('import-meta-resolve')
    const url = resolve(specifier, pathToFileURL(`${process.cwd()}/`).href)
    found = ((await import(/* @vite-ignore */ url)) as Record<string, unknown>)[name]
  } catch (cause) {
    throw new HardwareError('MODULE_MISSING', `Cannot import client ${path}: ${messageOf(cause)}`, { cause })
  }
  const mistake = mistakeOfClientClass(found)
  if (mistake === undefined) return found as ClientClass
  throw new HardwareError('MODULE_MISSING', `${path} ${mistake}`)
}

/** `@scope/name/sub` → `@scope/name`, `name/sub` → `name` */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
