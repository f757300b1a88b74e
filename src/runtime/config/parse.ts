import { HardwareError } from '../../errors.ts'
import type { ControllerEndpoint } from '../../protocol/controller-messages.ts'
import { readCa, readGrpcOptions } from '../../protocol/endpoint.ts'
import type { Hooks } from '../hooks.ts'
import { readHooks } from './hooks.ts'
import { type Path, YamlReader } from './reader.ts'

/** A driver in an exporter's file. */
interface DriverEntry {
  readonly kind: 'driver'
  readonly type: string
  readonly description: string | undefined
  readonly methodsDescription: Readonly<Record<string, string>>
  readonly config: Readonly<Record<string, unknown>>
  readonly children: Entries
}

/** A group of drivers. */
interface CompositeEntry {
  readonly kind: 'composite'
  readonly children: Entries
}

/** Another place for a driver that stands elsewhere in the tree. */
interface ReferenceEntry {
  readonly kind: 'reference'
  /** Names from the root down. */
  readonly ref: readonly string[]
}

/** One entry of `export` or of `children`. */
export type Entry = DriverEntry | CompositeEntry | ReferenceEntry

/** Entries by name. */
export type Entries = Readonly<Record<string, Entry>>

/** An exporter's file, checked. */
export interface ExporterConfig {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly description: string | undefined
  readonly entries: Entries
  readonly hooks: Hooks
  /** The calls with which a lease ends; `undefined` where the file leaves it to the drivers. */
  readonly safe: readonly string[] | undefined
  /** What it is known by on this machine; `undefined` where that is the file. */
  readonly lock: string | undefined
  /** The controller to register with; `undefined` where the file names none. */
  readonly controller: ControllerEndpoint | undefined
  /** What was passed over, and why. */
  readonly warnings: readonly string[]
}

/** Keys of upstream's that are not acted on. */
const passedOver = ['motd', 'failureDetection', 'exitOnLeaseEnd']
const known = [
  'apiVersion',
  'kind',
  'metadata',
  'labels',
  'description',
  'export',
  'hooks',
  'safe',
  'lock',
  'endpoint',
  'tls',
  'token',
  'grpcOptions',
  ...passedOver,
]

/**
 * Reads Jumpstarter's ExporterConfig. YAML is read as version 1.1, as upstream reads it, so an unquoted `on:` is a
 * boolean there and here; unlike upstream, that and every other mistake is an error.
 *
 * @param text the file's content
 * @param file its path, for error messages
 * @throws HardwareError EXPORTER_CONFIG_INVALID with all mistakes, each with its place
 */
export function parseExporterConfig(text: string, file: string): ExporterConfig {
  const reader = new YamlReader(text, file)
  const config = new Grammar(reader).read(file)
  if (reader.mistakes.length > 0 || config === undefined) throw invalidConfig(file, reader.mistakes)
  return config
}

/** The error for a file with mistakes, with all of them. */
export function invalidConfig(file: string, mistakes: readonly string[]): HardwareError {
  const list = mistakes.map((mistake) => `  ${mistake}`).join('\n')
  return new HardwareError('EXPORTER_CONFIG_INVALID', `${file} is not a valid exporter configuration:\n${list}`)
}

/** Reads what an exporter's file has to be made of. */
class Grammar {
  readonly #reader: YamlReader
  readonly #warnings: string[] = []

  constructor(reader: YamlReader) {
    this.#reader = reader
  }

  /** @param file the file's path */
  read(file: string): ExporterConfig | undefined {
    const root = this.#reader.root()
    if (root === undefined) return undefined
    this.#reader.constant(root, 'apiVersion', 'jumpstarter.dev/v1alpha1')
    this.#reader.constant(root, 'kind', 'ExporterConfig')
    for (const key of root.keys()) {
      if (!known.includes(key)) this.#warnings.push(`'${key}' is not a key of an exporter's file; it is ignored`)
    }
    const metadata = this.#reader.object(root.get('metadata'), ['metadata'])
    const name = metadata && this.#reader.string(metadata.get('name'), ['metadata', 'name'])
    const labels = root.has('labels') ? this.#reader.strings(root.get('labels'), ['labels']) : {}
    const description = this.#reader.optionalString(root, 'description', [])
    const entries = root.has('export') ? this.#entries(root.get('export'), ['export']) : {}
    const hooks = root.has('hooks') ? readHooks(this.#reader, root.get('hooks'), file) : {}
    const safe = root.has('safe') ? this.#reader.list(root.get('safe'), ['safe']) : undefined
    const lock = this.#reader.optionalString(root, 'lock', [])
    const controller = this.#controller(root, metadata, name ?? '')
    return { name: name ?? '', labels, description, entries, hooks, safe, lock, controller, warnings: this.#warnings }
  }

  #controller(
    root: Map<string, unknown>,
    metadata: Map<string, unknown> | undefined,
    name: string,
  ): ControllerEndpoint | undefined {
    const address = this.#reader.optionalString(root, 'endpoint', [])
    const token = this.#reader.optionalString(root, 'token', [])
    const tls = root.has('tls') ? this.#reader.object(root.get('tls'), ['tls']) : undefined
    const ca = tls && this.#reader.optionalString(tls, 'ca', ['tls'])
    const given = tls?.get('insecure')
    const insecure = given === undefined ? false : this.#reader.plain(given, ['tls', 'insecure'])
    if (typeof insecure !== 'boolean') this.#reader.mistake(['tls', 'insecure'], 'is true or false', given)
    const namespace = metadata && this.#reader.optionalString(metadata, 'namespace', ['metadata'])
    const grpcOptions = readGrpcOptions(this.#reader.plain(root.get('grpcOptions'), ['grpcOptions']) ?? {})
    if (grpcOptions === undefined) {
      this.#reader.mistake(['grpcOptions'], 'is an object of texts, numbers and booleans', root.get('grpcOptions'))
    }
    if (address === undefined || address === '' || token === undefined || token === '') return undefined
    return {
      address,
      token,
      name,
      namespace: namespace ?? 'default',
      insecure: insecure === true,
      ...readCa(ca),
      grpcOptions,
    }
  }

  #entries(node: unknown, path: Path): Entries {
    const map = this.#reader.object(node, path)
    return Object.fromEntries(
      [...(map ?? [])].flatMap(([name, entry]) => {
        if (name === '' || name === '__proto__' || name.includes('.')) {
          this.#reader.mistake(
            path,
            `has an entry named '${name}'; a name is not empty, has no dots and is not __proto__`,
            entry,
          )
        }
        const read = this.#entry(entry, [...path, name])
        return read === undefined ? [] : [[name, read]]
      }),
    )
  }

  #entry(node: unknown, path: Path): Entry | undefined {
    const map = this.#reader.object(node, path)
    if (map === undefined) return undefined
    if (map.has('type')) return this.#driver(map, path)
    if (map.has('ref')) {
      this.#reader.onlyKeys(map, ['ref'], path)
      const ref = this.#reader.string(map.get('ref'), [...path, 'ref'])
      return ref === undefined ? undefined : { kind: 'reference', ref: ref.split('.') }
    }
    this.#reader.onlyKeys(map, ['children'], path, "an entry has 'type' (a driver), 'ref' or 'children'")
    return {
      kind: 'composite',
      children: map.has('children') ? this.#entries(map.get('children'), [...path, 'children']) : {},
    }
  }

  #driver(map: Map<string, unknown>, path: Path): DriverEntry | undefined {
    this.#reader.onlyKeys(map, ['type', 'description', 'methods_description', 'config', 'children'], path)
    const type = this.#reader.string(map.get('type'), [...path, 'type'])
    const config = map.has('config') ? this.#reader.object(map.get('config'), [...path, 'config']) : new Map()
    const methods = map.get('methods_description')
    return {
      kind: 'driver',
      type: type ?? '',
      description: this.#reader.optionalString(map, 'description', path),
      methodsDescription: methods === undefined ? {} : this.#reader.strings(methods, [...path, 'methods_description']),
      config: Object.fromEntries(
        [...(config ?? [])].map(([key, value]) => [key, this.#reader.plain(value, [...path, 'config', key])]),
      ),
      children: map.has('children') ? this.#entries(map.get('children'), [...path, 'children']) : {},
    }
  }
}
