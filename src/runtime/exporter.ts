import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { HardwareError, messageOf } from '../errors.ts'
import type { Address } from '../protocol/address.ts'
import { nameLabel } from '../protocol/labels.ts'
import type { DriverTypes } from './config/driver-types.ts'
import type { Driver } from './driver.ts'
import { isExporterDefinition } from './define-exporter.ts'
import { createPrivateFolder } from '../private-folder.ts'
import { Session } from './session.ts'

/** Drivers that can be served, again and again: each session has a fresh tree. */
export interface Exporter {
  readonly name: string
  /** What selectors are matched against. */
  readonly labels: Readonly<Record<string, string>>
  /** What its file says that is not acted on. */
  readonly warnings: readonly string[]
  createRoot(): Driver
}

/** A session that clients can reach, and that drivers live in. */
export interface OpenSession extends AsyncDisposable {
  readonly session: Session
  /** A unix socket's path, or `host:port`. */
  readonly address: string
  /** Ends it: no more calls, drivers closed, sockets removed. May be called again. */
  close(): Promise<void>
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
  return { name: config.name, labels: config.labels, warnings: config.warnings, createRoot }
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

/**
 * Starts a session of an exporter: makes its drivers, resets them, and listens.
 *
 * @param address where; without one, on a private unix socket
 */
export async function openSession(exporter: Exporter, address?: Address): Promise<OpenSession> {
  const labels = { ...exporter.labels, [nameLabel]: exporter.name }
  return startSession(new Session(exporter.createRoot(), { labels }), address)
}

/**
 * Starts a session: resets its drivers, and listens.
 *
 * @param address where; without one, on a private unix socket
 */
export async function startSession(session: Session, address?: Address): Promise<OpenSession> {
  const cleanups: (() => Promise<void>)[] = [() => session.close()]
  const closeAll = async () => {
    const errors: unknown[] = []
    for (const cleanup of cleanups.toReversed()) await cleanup().catch((error: unknown) => errors.push(error))
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, errors.map(messageOf).join('; '))
  }
  try {
    await session.start()
    const { serveSession } = await import('./service/server.ts')
    let where = address
    if (where === undefined) {
      const folder = await createPrivateFolder()
      cleanups.push(() => folder.remove())
      where = { kind: 'unix', path: join(folder.path, 'session.sock') }
    }
    const server = await serveSession(session, where)
    cleanups.push(() => server.close())
    let closing: Promise<void> | undefined
    const close = () => (closing ??= closeAll())
    return { session, address: server.address, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await closeAll().catch(() => undefined)
    throw error
  }
}
