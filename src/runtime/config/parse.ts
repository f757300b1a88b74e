import type { ControllerEndpoint } from '../../protocol/controller/controller-messages.ts'
import { decodeCa } from '../../protocol/decode-ca.ts'
import { readGrpcOptions } from '../../protocol/grpc-options.ts'
import { isSubnet } from '../../base/subnets.ts'
import type { DriverEntry, Entries, Entry, MistakenEntry, ReferenceEntry } from './entries.ts'
import { type ExporterConfig, type ExporterFile, invalidConfig } from './exporter-file.ts'
import { readHooks } from './hooks.ts'
import { readSafe } from './safe.ts'
import { type Path, YamlReader } from '../../base/yaml-reader.ts'

/** Jumpstarter's type of a reference. */
const proxyType = 'jumpstarter_driver_composite.driver.Proxy'

/** Keys of Jumpstarter's that have no effect here. */
const ignoredKeys = ['failureDetection', 'exitOnLeaseEnd']
const known = [
  'apiVersion',
  'kind',
  'metadata',
  'labels',
  'description',
  'motd',
  'export',
  'hooks',
  'environment',
  'presignedAddresses',
  'errorStacks',
  'safe',
  'lock',
  'endpoint',
  'tls',
  'token',
  'grpcOptions',
  ...ignoredKeys,
]

/**
 * Reads Jumpstarter's ExporterConfig. Unlike in Jumpstarter, every mistake is an error.
 *
 * @param text the content of the file
 * @param path the path of the file, for error messages
 * @returns the file with its mistakes, which `prepareTree()` throws together with those of the drivers
 * @throws HardwareError EXPORTER_CONFIG_INVALID for a file that is no YAML, or no mapping
 */
export function readExporterFile(text: string, path: string): ExporterFile {
  const reader = new YamlReader(text, path)
  const config = new Grammar(reader).read(path)
  if (config === undefined) throw invalidConfig(path, reader.mistakes)
  return { path, config, mistakes: reader.mistakes, place: (keys) => reader.place(keys) }
}

/** Reads the parts of an exporter's file. */
class Grammar {
  readonly #reader: YamlReader
  readonly #warnings: string[] = []

  constructor(reader: YamlReader) {
    this.#reader = reader
  }

  /** @param file the path of the file */
  read(file: string): ExporterConfig | undefined {
    const root = this.#reader.root()
    if (root === undefined) return undefined
    this.#reader.constant(root, 'apiVersion', 'jumpstarter.dev/v1alpha1')
    this.#reader.constant(root, 'kind', 'ExporterConfig')
    for (const key of root.keys()) {
      if (ignoredKeys.includes(key) && this.#reader.given(root, key) !== undefined)
        this.#warnings.push(`'${key}' has no effect here`)
      if (!known.includes(key)) this.#warnings.push(`'${key}' is not a key of an exporter's file; it is ignored`)
    }
    const metadata = this.#reader.object(root.get('metadata'), ['metadata'])
    const name = metadata && this.#reader.string(metadata.get('name'), ['metadata', 'name'])
    const labels = this.#strings(root, 'labels', [])
    const description = this.#reader.optionalString(root, 'description', [])
    const motd = this.#reader.optionalString(root, 'motd', [])
    const entries = this.#entries(root, 'export', [])
    const hooks = readHooks(this.#reader, root, file)
    const environment = this.#list(root, 'environment')
    const presignedAddresses = this.#subnets(root)
    const errorStacks = this.#reader.optionalBoolean(root, 'errorStacks', [])
    const safe = this.#reader.given(root, 'safe') === undefined ? undefined : readSafe(this.#reader, root.get('safe'))
    const lock = this.#reader.optionalString(root, 'lock', [])
    const controller = this.#controller(root, metadata, name ?? '')
    return {
      name: name ?? '',
      labels,
      description,
      motd,
      entries,
      hooks,
      environment,
      presignedAddresses,
      errorStacks,
      safe,
      lock,
      controller,
      warnings: this.#warnings,
    }
  }

  #subnets(root: Map<string, unknown>): readonly string[] | undefined {
    const path = ['presignedAddresses']
    const node = root.get('presignedAddresses')
    const texts = this.#list(root, 'presignedAddresses')
    const wrong = texts?.find((text) => !isSubnet(text))
    if (wrong !== undefined) {
      this.#reader.mistake(path, `has '${wrong}'; it has to be addresses, such as 127.0.0.1 or 127.0.0.0/8`, node)
    }
    return texts
  }

  #controller(
    root: Map<string, unknown>,
    metadata: Map<string, unknown> | undefined,
    name: string,
  ): ControllerEndpoint | undefined {
    const address = this.#reader.optionalString(root, 'endpoint', [])
    const token = this.#reader.optionalString(root, 'token', [])
    const tls = this.#reader.optionalObject(root, 'tls', [])
    const ca = this.#reader.optionalString(tls, 'ca', ['tls'])
    const insecure = this.#reader.optionalBoolean(tls, 'insecure', ['tls'])
    const namespace = metadata && this.#reader.optionalString(metadata, 'namespace', ['metadata'])
    const grpcOptions = readGrpcOptions(
      this.#reader.plain(this.#reader.given(root, 'grpcOptions'), ['grpcOptions']) ?? {},
    )
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
      ca: decodeCa(ca),
      grpcOptions,
    }
  }

  #strings(map: Map<string, unknown>, key: string, above: Path): Readonly<Record<string, string>> {
    const node = this.#reader.given(map, key)
    return node === undefined ? {} : this.#reader.strings(node, [...above, key])
  }

  #list(root: Map<string, unknown>, key: string): readonly string[] | undefined {
    const node = this.#reader.given(root, key)
    return node === undefined ? undefined : this.#reader.list(node, [key])
  }

  #entries(parent: Map<string, unknown>, key: string, above: Path): Entries {
    const path = [...above, key]
    const map = this.#reader.optionalObject(parent, key, above)
    return Object.fromEntries(
      [...map].flatMap(([name, entry]) => {
        if (name === '' || name === '__proto__' || name.includes('.')) {
          this.#reader.mistake(
            path,
            `has an entry named '${name}'; a name is not empty, has no dots and is not __proto__`,
            entry,
          )
        }
        const read = this.#entry(entry, [...path, name])
        // Such a key would change what an object is.
        return name === '__proto__' ? [] : [[name, read]]
      }),
    )
  }

  #entry(node: unknown, path: Path): Entry {
    const map = this.#reader.object(node, path)
    if (map === undefined) return { kind: 'mistaken', children: {} }
    if (this.#reader.plain(map.get('type'), path) === proxyType) return this.#proxy(map, path)
    if (map.has('type')) return this.#driver(map, path)
    if (map.has('ref')) {
      this.#reader.onlyKeys(map, ['ref'], path)
      return this.#reference(map, path)
    }
    this.#reader.onlyKeys(map, ['children'], path, "an entry has 'type' (a driver), 'ref' or 'children'")
    return {
      kind: 'composite',
      children: this.#entries(map, 'children', path),
    }
  }

  /** Reads the form of a reference that is an entry with a type. */
  #proxy(map: Map<string, unknown>, path: Path): ReferenceEntry | MistakenEntry {
    this.#reader.onlyKeys(map, ['type', 'description', 'config'], path)
    const config = this.#reader.object(map.get('config'), [...path, 'config'])
    return config === undefined ? { kind: 'mistaken', children: {} } : this.#reference(config, [...path, 'config'])
  }

  #reference(map: Map<string, unknown>, path: Path): ReferenceEntry | MistakenEntry {
    const ref = this.#reader.string(map.get('ref'), [...path, 'ref'])
    return ref === undefined ? { kind: 'mistaken', children: {} } : { kind: 'reference', ref: ref.split('.') }
  }

  #driver(map: Map<string, unknown>, path: Path): DriverEntry | MistakenEntry {
    this.#reader.onlyKeys(map, ['type', 'description', 'methods_description', 'config', 'children'], path)
    const type = this.#reader.string(map.get('type'), [...path, 'type'])
    const config = this.#reader.optionalObject(map, 'config', path)
    if (type === undefined) return { kind: 'mistaken', children: this.#entries(map, 'children', path) }
    return {
      kind: 'driver',
      type,
      description: this.#reader.optionalString(map, 'description', path),
      methodsDescription: this.#strings(map, 'methods_description', path),
      config: Object.fromEntries(
        [...config].map(([key, value]) => [key, this.#reader.plain(value, [...path, 'config', key])]),
      ),
      children: this.#entries(map, 'children', path),
    }
  }
}
