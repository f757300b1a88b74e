import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node, type Pair } from 'yaml'

/**
 * Finds the place of a value in a YAML file, through aliases and merges.
 *
 * @param path the keys and indexes from the root down
 * @returns the key of the value; where the file has no such value, the key of the deepest mapping or list on the way to it
 */
export function deepestNode(document: Document, path: readonly (string | number)[]): Node | undefined {
  let found: Node | undefined
  let here: unknown = document.contents
  for (const step of path) {
    here = isAlias(here) ? here.resolve(document) : here
    if (isSeq(here)) {
      here = here.items[Number(step)]
      if (!isNode(here)) return found
      found = here
      continue
    }
    const pair = findPair(document, here, String(step), new Set())
    if (pair === undefined) return found
    found = isNode(pair.key) ? pair.key : found
    here = pair.value
  }
  return found
}

/** Finds the entry of a mapping, or of those that `<<` merges into it. */
function findPair(document: Document, given: unknown, name: string, seen: Set<unknown>): Pair | undefined {
  const map = isAlias(given) ? given.resolve(document) : given
  if (!isMap(map) || seen.has(map)) return undefined
  seen.add(map)
  const own = map.items.find(({ key }) => isScalar(key) && key.value === name)
  if (own !== undefined) return own
  for (const { key, value } of map.items) {
    if (!isScalar(key) || typeof key.value !== 'symbol') continue
    const sources: unknown[] = isSeq(value) ? value.items : [value]
    for (const source of sources) {
      const pair = findPair(document, source, name, seen)
      if (pair !== undefined) return pair
    }
  }
  return undefined
}
