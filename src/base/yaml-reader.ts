import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument, type Tags, visit } from 'yaml'

import { messageOf } from '../errors.ts'
import { deepestNode } from './yaml-place.ts'

/** The place of a value in a file: keys and indexes from the root down. */
export type Path = readonly (string | number)[]

/** Jumpstarter reads its files with PyYAML, for which `y` and `n` are texts. In YAML 1.1 they are booleans. */
function asPyYaml(tag: Tags[number]): Tags[number] {
  if (typeof tag !== 'object' || tag.tag !== 'tag:yaml.org,2002:bool' || !('test' in tag)) return tag
  return {
    ...tag,
    test: tag.test?.test('yes')
      ? /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/
      : /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/,
  } as Tags[number]
}

/**
 * Reads a YAML file piece by piece, and collects all mistakes instead of stopping at the first. The version is 1.1, as in
 * Jumpstarter, so an unquoted `on:` is a boolean. As a key that is a mistake here, but not in Jumpstarter.
 */
export class YamlReader {
  /** All mistakes that were found until now. */
  readonly mistakes: string[] = []
  readonly #lines = new LineCounter()
  readonly #merged = new Map<unknown, readonly [string, unknown][] | 'being read'>()
  readonly #document

  /** @param file the name of the file, for messages */
  constructor(text: string, file: string) {
    this.#document = parseDocument(text, {
      version: '1.1',
      customTags: (tags) => tags.map(asPyYaml),
      lineCounter: this.#lines,
      prettyErrors: false,
    })
    for (const { code, message, pos } of this.#document.errors) {
      const { line, col } = this.#lines.linePos(pos[0])
      const text = code === 'MULTIPLE_DOCS' ? 'a second document begins; write it into another file' : message
      this.mistakes.push(`${file}:${line}:${col}: ${text}`)
    }
  }

  /** The root of the file; `undefined` if the file is no YAML, or no mapping. */
  root(): Map<string, unknown> | undefined {
    if (this.mistakes.length > 0) return undefined
    const { contents } = this.#document
    if (!isEmptyNode(contents)) return this.object(contents, [])
    this.mistake([], 'is empty; it has to be a mapping', undefined)
    return undefined
  }

  /** The root of a file that may be empty. Notes a mistake if the root is no mapping. */
  optionalRoot(): Map<string, unknown> {
    return (isEmptyNode(this.#document.contents) ? undefined : this.root()) ?? new Map<string, unknown>()
  }

  /** The mapping of a key that a mapping may have; empty without the key. Notes a mistake if the value is no mapping. */
  optionalObject(map: Map<string, unknown>, key: string, path: Path): Map<string, unknown> {
    const node = this.given(map, key)
    return (node === undefined ? undefined : this.object(node, [...path, key])) ?? new Map<string, unknown>()
  }

  /** The keys of a mapping, with nodes as values. Notes a mistake and returns `undefined` for anything else. */
  object(given: unknown, path: Path): Map<string, unknown> | undefined {
    const node = this.#resolve(given)
    if (!isMap(node)) {
      this.mistake(path, `is ${kindOf(node)}; it has to be a mapping`, given)
      return undefined
    }
    const own: [string, unknown][] = []
    const merged: [string, unknown][] = []
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? key.value : key
      if (typeof name === 'string') own.push([name, this.#resolve(value)])
      else if (typeof name === 'symbol') merged.push(...this.#merge(value, path))
      else this.#refuseKey(key, path)
    }
    const ownNames = new Set(own.map(([name]) => name))
    return new Map([...own, ...merged.filter(([name]) => !ownNames.has(name))])
  }

  #refuseKey(key: unknown, path: Path): void {
    const source = isScalar(key) ? key.source : '?'
    this.mistake(path, `has the key ${source}, which YAML 1.1 reads as ${kindOf(key)}; put it in quotes`, key)
  }

  /** The entries that `<<` adds: those of a mapping, or of several, of which the first counts. */
  #merge(given: unknown, path: Path): [string, unknown][] {
    const node = this.#resolve(given)
    const sources: unknown[] = isSeq(node) ? node.items : [node]
    return sources.toReversed().flatMap((source) => this.#entriesOf(source, [...path, '<<']))
  }

  /** The entries of a mapping that is merged. Each mapping is read once: else a few lines with aliases could take hours. */
  #entriesOf(source: unknown, path: Path): readonly [string, unknown][] {
    const node = this.#resolve(source)
    const known = this.#merged.get(node)
    if (known === 'being read') this.mistake(path, 'merges itself', source)
    if (known !== undefined) return known === 'being read' ? [] : known
    this.#merged.set(node, 'being read')
    const entries = [...(this.object(node, path) ?? [])]
    this.#merged.set(node, entries)
    return entries
  }

  /** The node of an alias; the alias itself if it has no anchor. */
  #resolve(node: unknown): unknown {
    return isAlias(node) ? (node.resolve(this.#document) ?? node) : node
  }

  /** A text; `undefined`, with a mistake noted, for anything else. */
  string(node: unknown, path: Path, { allowEmpty = false } = {}): string | undefined {
    const value = isScalar(node) ? node.value : undefined
    if (typeof value === 'string' && (value !== '' || allowEmpty)) return value
    const what = value === '' ? 'empty' : kindOf(node)
    const cure = typeof value === 'boolean' ? '; put it in quotes' : ''
    this.mistake(path, node === undefined ? 'is missing' : `is ${what}; it has to be a text${cure}`, node)
    return undefined
  }

  /** The node of a key that a mapping may have; `undefined` without the key, for `null`, and for an empty text. */
  given(map: Map<string, unknown>, key: string): unknown {
    const node = map.get(key)
    return isEmptyNode(node) || (isScalar(node) && node.value === '') ? undefined : node
  }

  /** The text of a key that a mapping may have; `undefined` as in {@link given}. */
  optionalString(map: Map<string, unknown>, key: string, path: Path): string | undefined {
    const node = this.given(map, key)
    return node === undefined ? undefined : this.string(node, [...path, key])
  }

  /** The boolean of a key that a mapping may have. Notes a mistake if the value is no boolean. */
  optionalBoolean(map: Map<string, unknown>, key: string, path: Path): boolean | undefined {
    const node = this.given(map, key)
    const value = isScalar(node) ? node.value : undefined
    if (typeof value === 'boolean') return value
    if (node !== undefined) this.mistake([...path, key], 'has to be true or false', node)
    return undefined
  }

  /** A mapping of texts. A key without a value is left out. */
  strings(node: unknown, path: Path): Record<string, string> {
    const given = [...(this.object(node, path) ?? [])].filter(([, value]) => !isEmptyNode(value))
    const entries = given.map(([key, value]) => [key, this.string(value, [...path, key], { allowEmpty: true }) ?? ''])
    return Object.fromEntries(entries) as Record<string, string>
  }

  /** A list of texts. */
  list(given: unknown, path: Path): string[] {
    const items = this.items(given, path, 'a list of texts')
    return items.flatMap((item, index) => this.string(item, [...path, index]) ?? [])
  }

  /** The nodes of a list. @param expected the name of such a list, for the mistake of anything else */
  items(given: unknown, path: Path, expected: string): unknown[] {
    const node = this.#resolve(given)
    if (isSeq(node)) return node.items.map((item) => this.#resolve(item))
    this.mistake(path, `is ${kindOf(node)}; it has to be ${expected}`, given)
    return []
  }

  /** Checks a key that has only one right value. */
  constant(map: Map<string, unknown>, key: string, expected: string): void {
    const value = this.string(map.get(key), [key])
    if (value !== undefined && value !== expected)
      this.mistake([key], `is '${value}'; it has to be '${expected}'`, map.get(key))
  }

  /** Notes a mistake for each key that a mapping cannot have. */
  onlyKeys(map: Map<string, unknown>, allowed: readonly string[], path: Path, hint?: string): void {
    for (const [key, value] of map) {
      if (!allowed.includes(key)) {
        this.mistake([...path, key], hint ?? `is not a key of such an entry; it can have ${allowed.join(', ')}`, value)
      }
    }
  }

  /** A node as a plain value: objects, lists, texts, numbers. A boolean as a key, such as `on` without quotes, is a mistake. */
  plain(node: unknown, path: Path): unknown {
    if (!isNode(node)) return node
    visit(node, {
      // As a key of an object it would be 'true'.
      Pair: (_, { key }) => {
        if (isScalar(key) && typeof key.value === 'boolean') this.#refuseKey(key, path)
      },
    })
    try {
      return node.toJS(this.#document)
    } catch (error) {
      this.mistake(path, `cannot be read: ${messageOf(error)}`, node)
      return undefined
    }
  }

  /** The place of a value for messages, with its line; where the file does not have it, with the line of what is above it. */
  place(path: Path): string {
    return this.#place(path, deepestNode(this.#document, path))
  }

  /** Notes a mistake with its place, and with its line if the node has one. */
  mistake(path: Path, message: string, node: unknown): void {
    this.mistakes.push(`${this.#place(path, node)} ${message}`)
  }

  #place(path: Path, node: unknown): string {
    const offset = (node as Node | null | undefined)?.range?.[0]
    const line = offset === undefined ? '' : ` (line ${this.#lines.linePos(offset).line})`
    return `${path.length === 0 ? 'the file' : path.join('.')}${line}`
  }
}

/** True for a missing node, and for one without a value. */
export function isEmptyNode(node: unknown): boolean {
  return node === undefined || node === null || (isScalar(node) && node.value === null)
}

function kindOf(node: unknown): string {
  if (node === undefined || node === null) return 'missing'
  if (isMap(node)) return 'a mapping'
  if (isAlias(node)) return 'an alias without an anchor'
  if (!isScalar(node)) return 'a list'
  return node.value === null ? 'empty' : `a ${typeof node.value}`
}
