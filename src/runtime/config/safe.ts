import { isMap, isScalar } from 'yaml'

import type { Path, YamlReader } from '../../base/yaml-reader.ts'
import type { SafeEntry } from '../safe-state.ts'

/** The booleans of YAML 1.1 that people mean as texts. */
const words = /^(?:on|off|yes|no)$/i

/** Reads `safe` of an exporter's file: calls such as `power.off`, and `{ call: relay.call_method, args: [off] }`. */
export function readSafe(reader: YamlReader, node: unknown): SafeEntry[] {
  return reader.items(node, ['safe'], 'a list of texts').flatMap((item, index) => {
    const path: Path = ['safe', index]
    if (!isMap(item)) return reader.string(item, path) ?? []
    const map = reader.object(item, path)
    if (map === undefined) return []
    reader.onlyKeys(map, ['call', 'args'], path)
    const call = reader.string(map.get('call'), [...path, 'call'])
    const argsPath: Path = [...path, 'args']
    const args = map.has('args') ? reader.items(map.get('args'), argsPath, 'a list of arguments') : []
    const values = args.map((arg, place) => wordOf(arg) ?? reader.plain(arg, [...argsPath, place]))
    return call === undefined ? [] : { call, args: values }
  })
}

function wordOf(node: unknown): string | undefined {
  const isWord = isScalar(node) && typeof node.value === 'boolean' && words.test(node.source ?? '')
  return isWord ? node.source : undefined
}
