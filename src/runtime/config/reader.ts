import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument, type Tags } from 'yaml'

import { messageOf } from '../../errors.ts'

/** Where something stands in a file: keys and indexes from the root down. */
export type Path = readonly (string | number)[]

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

/**
 * Reads a YAML file piece by piece, collecting mistakes instead of stopping at the first. YAML is read as version 1.1, as
 * upstream reads it, so an unquoted `on:` is a boolean there and here; unlike upstream, that is a mistake.
 */
export class YamlReader {
  readonly mistakes: string[] = []
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

  /** The file's root; undefined when it is no YAML, or no mapping. */
  root(): Map<string, unknown> | undefined {
    return this.mistakes.length > 0 ? undefined : this.object(this.#document.contents, [])
  }

  /** A mapping with its values as nodes; undefined, with a mistake noted, for anything else. */
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
      else {
        const source = isScalar(key) ? key.source : '?'
        this.mistake(path, `has the key ${source}, which YAML 1.1 reads as ${kindOf(key)}; put it in quotes`, key)
      }
    }
    const ownNames = new Set(own.map(([name]) => name))
    return new Map([...own, ...merged.filter(([name]) => !ownNames.has(name))])
  }

  /** What `<<` brings in: the entries of a mapping, or of several, of which the first counts. */
  #merge(given: unknown, path: Path): [string, unknown][] {
    const node = this.#resolve(given)
    const sources: unknown[] = isSeq(node) ? node.items : [node]
    return sources.toReversed().flatMap((source) => [...(this.object(source, [...path, '<<']) ?? [])])
  }

  /** What an alias stands for; the alias itself where that is nowhere. */
  #resolve(node: unknown): unknown {
    return isAlias(node) ? (node.resolve(this.#document) ?? node) : node
  }

  string(node: unknown, path: Path, { allowEmpty = false } = {}): string | undefined {
    const value = isScalar(node) ? node.value : undefined
    if (typeof value === 'string' && (value !== '' || allowEmpty)) return value
    const what = value === '' ? 'empty' : kindOf(node)
    this.mistake(path, node === undefined ? 'is missing' : `is ${what}; it has to be a text`, node)
    return undefined
  }

  optionalString(map: Map<string, unknown>, key: string, path: Path): string | undefined {
    return map.has(key) ? this.string(map.get(key), [...path, key]) : undefined
  }

  strings(node: unknown, path: Path): Record<string, string> {
    const entries = [...(this.object(node, path) ?? [])].map(([key, value]) => [
      key,
      this.string(value, [...path, key], { allowEmpty: true }) ?? '',
    ])
    return Object.fromEntries(entries) as Record<string, string>
  }

  /** A list of texts. */
  list(given: unknown, path: Path): string[] {
    const node = this.#resolve(given)
    if (!isSeq(node)) {
      this.mistake(path, `is ${kindOf(node)}; it has to be a list of texts`, given)
      return []
    }
    return node.items.flatMap((item, index) => this.string(this.#resolve(item), [...path, index]) ?? [])
  }

  constant(map: Map<string, unknown>, key: string, expected: string): void {
    const value = this.string(map.get(key), [key])
    if (value !== undefined && value !== expected)
      this.mistake([key], `is '${value}'; it has to be '${expected}'`, map.get(key))
  }

  onlyKeys(map: Map<string, unknown>, allowed: readonly string[], path: Path, hint?: string): void {
    for (const [key, value] of map) {
      if (!allowed.includes(key)) {
        this.mistake([...path, key], hint ?? `is not a key of such an entry; it can have ${allowed.join(', ')}`, value)
      }
    }
  }

  plain(node: unknown, path: Path): unknown {
    if (!isNode(node)) return node
    try {
      return node.toJS(this.#document)
    } catch (error) {
      this.mistake(path, `cannot be read: ${messageOf(error)}`, node)
      return undefined
    }
  }

  mistake(path: Path, message: string, node: unknown): void {
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
