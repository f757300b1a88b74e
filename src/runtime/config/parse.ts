import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument, type Tags } from 'yaml'

import { HardwareError, messageOf } from '../../errors.ts'

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
  /** What was passed over, and why. */
  readonly warnings: readonly string[]
}

/** Keys of upstream's that mean nothing to an exporter that a test run starts. */
const passedOver = ['endpoint', 'tls', 'token', 'grpcOptions', 'motd', 'failureDetection', 'exitOnLeaseEnd']
/** Keys that this version does not act on yet. */
const unsupported = ['hooks', 'safe']
const known = ['apiVersion', 'kind', 'metadata', 'labels', 'description', 'export', ...passedOver, ...unsupported]

/**
 * Reads Jumpstarter's ExporterConfig. YAML is read as version 1.1, as upstream reads it, so an unquoted `on:` is a
 * boolean there and here; unlike upstream, that and every other mistake is an error.
 *
 * @param text the file's content
 * @param file its path, for error messages
 * @throws HardwareError EXPORTER_CONFIG_INVALID with all mistakes, each with its place
 */
export function parseExporterConfig(text: string, file: string): ExporterConfig {
  const reader = new Reader(text, file)
  const config = reader.read()
  if (reader.mistakes.length > 0 || config === undefined) throw invalidConfig(file, reader.mistakes)
  return config
}

/** PyYAML, which upstream reads its files with, leaves `y` and `n` texts where YAML 1.1 has them for booleans. */
function asPyYaml(tag: Tags[number]): Tags[number] {
  if (typeof tag !== 'object' || tag.tag !== 'tag:yaml.org,2002:bool' || !('test' in tag)) return tag
  return {
    ...tag,
    test: tag.test?.test('yes')
      ? /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/
      : /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/,
  } as Tags[number]
}

/** The error for a file with mistakes, with all of them. */
export function invalidConfig(file: string, mistakes: readonly string[]): HardwareError {
  const list = mistakes.map((mistake) => `  ${mistake}`).join('\n')
  return new HardwareError('EXPORTER_CONFIG_INVALID', `${file} is not a valid exporter configuration:\n${list}`)
}

type Path = readonly (string | number)[]

/** Walks the document once, collecting mistakes instead of stopping at the first. */
class Reader {
  readonly mistakes: string[] = []
  readonly #warnings: string[] = []
  readonly #lines = new LineCounter()
  readonly #document

  constructor(text: string, file: string) {
    this.#document = parseDocument(text, {
      version: '1.1',
      customTags: (tags) => tags.map(asPyYaml),
      lineCounter: this.#lines,
      prettyErrors: false,
    })
    for (const { message, pos } of this.#document.errors) {
      const { line, col } = this.#lines.linePos(pos[0])
      this.mistakes.push(`${file}:${line}:${col}: ${message}`)
    }
  }

  read(): ExporterConfig | undefined {
    if (this.mistakes.length > 0) return undefined
    const root = this.#object(this.#document.contents, [])
    if (root === undefined) return undefined
    this.#constant(root, 'apiVersion', 'jumpstarter.dev/v1alpha1')
    this.#constant(root, 'kind', 'ExporterConfig')
    for (const key of root.keys()) {
      if (unsupported.includes(key)) this.#warnings.push(`'${key}' is not acted on by this version`)
      else if (!known.includes(key)) this.#warnings.push(`'${key}' is not a key of an exporter's file; it is ignored`)
    }
    const metadata = this.#object(root.get('metadata'), ['metadata'])
    const name = metadata && this.#string(metadata.get('name'), ['metadata', 'name'])
    const labels = root.has('labels') ? this.#strings(root.get('labels'), ['labels']) : {}
    const description = this.#optionalString(root, 'description', [])
    const entries = root.has('export') ? this.#entries(root.get('export'), ['export']) : {}
    return { name: name ?? '', labels, description, entries, warnings: this.#warnings }
  }

  #entries(node: unknown, path: Path): Entries {
    const map = this.#object(node, path)
    return Object.fromEntries(
      [...(map ?? [])].flatMap(([name, entry]) => {
        if (name === '' || name === '__proto__' || name.includes('.')) {
          this.#mistake(
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
    const map = this.#object(node, path)
    if (map === undefined) return undefined
    if (map.has('type')) return this.#driver(map, path)
    if (map.has('ref')) {
      this.#onlyKeys(map, ['ref'], path)
      const ref = this.#string(map.get('ref'), [...path, 'ref'])
      return ref === undefined ? undefined : { kind: 'reference', ref: ref.split('.') }
    }
    this.#onlyKeys(map, ['children'], path, "an entry has 'type' (a driver), 'ref' or 'children'")
    return {
      kind: 'composite',
      children: map.has('children') ? this.#entries(map.get('children'), [...path, 'children']) : {},
    }
  }

  #driver(map: Map<string, unknown>, path: Path): DriverEntry | undefined {
    this.#onlyKeys(map, ['type', 'description', 'methods_description', 'config', 'children'], path)
    const type = this.#string(map.get('type'), [...path, 'type'])
    const config = map.has('config') ? this.#object(map.get('config'), [...path, 'config']) : new Map()
    const methods = map.get('methods_description')
    return {
      kind: 'driver',
      type: type ?? '',
      description: this.#optionalString(map, 'description', path),
      methodsDescription: methods === undefined ? {} : this.#strings(methods, [...path, 'methods_description']),
      config: Object.fromEntries(
        [...(config ?? [])].map(([key, value]) => [key, this.#plain(value, [...path, 'config', key])]),
      ),
      children: map.has('children') ? this.#entries(map.get('children'), [...path, 'children']) : {},
    }
  }

  /** A mapping with its values as nodes; undefined, with a mistake noted, for anything else. */
  #object(given: unknown, path: Path): Map<string, unknown> | undefined {
    const node = this.#resolve(given)
    if (!isMap(node)) {
      this.#mistake(path, `is ${kindOf(node)}; it has to be a mapping`, given)
      return undefined
    }
    const own: [string, unknown][] = []
    const merged: [string, unknown][] = []
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? key.value : key
      if (typeof name === 'string') own.push([name, this.#resolve(value)])
      else if (typeof name === 'symbol') merged.push(...this.#merge(value, path))
      else {
        const source = isScalar(key) ? key.source : '?'
        this.#mistake(path, `has the key ${source}, which YAML 1.1 reads as ${kindOf(key)}; put it in quotes`, key)
      }
    }
    const ownNames = new Set(own.map(([name]) => name))
    return new Map([...own, ...merged.filter(([name]) => !ownNames.has(name))])
  }

  /** What `<<` brings in: the entries of a mapping, or of several, of which the first counts. */
  #merge(given: unknown, path: Path): [string, unknown][] {
    const node = this.#resolve(given)
    const sources: unknown[] = isSeq(node) ? node.items : [node]
    return sources.toReversed().flatMap((source) => [...(this.#object(source, [...path, '<<']) ?? [])])
  }

  /** What an alias stands for; the alias itself where that is nowhere. */
  #resolve(node: unknown): unknown {
    return isAlias(node) ? (node.resolve(this.#document) ?? node) : node
  }

  #string(node: unknown, path: Path, { allowEmpty = false } = {}): string | undefined {
    const value = isScalar(node) ? node.value : undefined
    if (typeof value === 'string' && (value !== '' || allowEmpty)) return value
    const what = value === '' ? 'empty' : kindOf(node)
    this.#mistake(path, node === undefined ? 'is missing' : `is ${what}; it has to be a text`, node)
    return undefined
  }

  #optionalString(map: Map<string, unknown>, key: string, path: Path): string | undefined {
    return map.has(key) ? this.#string(map.get(key), [...path, key]) : undefined
  }

  #strings(node: unknown, path: Path): Record<string, string> {
    const entries = [...(this.#object(node, path) ?? [])].map(([key, value]) => [
      key,
      this.#string(value, [...path, key], { allowEmpty: true }) ?? '',
    ])
    return Object.fromEntries(entries) as Record<string, string>
  }

  #constant(map: Map<string, unknown>, key: string, expected: string): void {
    const value = this.#string(map.get(key), [key])
    if (value !== undefined && value !== expected)
      this.#mistake([key], `is '${value}'; it has to be '${expected}'`, map.get(key))
  }

  #onlyKeys(map: Map<string, unknown>, allowed: readonly string[], path: Path, hint?: string): void {
    for (const [key, value] of map) {
      if (!allowed.includes(key)) {
        this.#mistake([...path, key], hint ?? `is not a key of such an entry; it can have ${allowed.join(', ')}`, value)
      }
    }
  }

  #plain(node: unknown, path: Path): unknown {
    if (!isNode(node)) return node
    try {
      return node.toJS(this.#document)
    } catch (error) {
      this.#mistake(path, `cannot be read: ${messageOf(error)}`, node)
      return undefined
    }
  }

  #mistake(path: Path, message: string, node: unknown): void {
    const offset = (node as Node | null | undefined)?.range?.[0]
    const place = offset === undefined ? '' : ` (line ${this.#lines.linePos(offset).line})`
    this.mistakes.push(`${path.length === 0 ? 'the file' : path.join('.')}${place} ${message}`)
  }
}

function kindOf(node: unknown): string {
  if (node === undefined || node === null) return 'missing'
  if (isMap(node)) return 'a mapping'
  if (isAlias(node)) return 'an alias without an anchor'
  if (!isScalar(node)) return 'a list'
  return node.value === null ? 'empty' : `a ${typeof node.value}`
}
