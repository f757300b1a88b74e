import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import type { Hook, Hooks } from '../hooks.ts'
import type { Path, YamlReader } from './reader.ts'

/** How long a hook may run unless its file says otherwise, in seconds (reference: Jumpstarter's exporter configuration). */
const defaultTimeoutSeconds = 120
/** A day; timers cannot hold much more. */
const maxTimeoutSeconds = 86_400

const outcomes = ['warn', 'endLease', 'exit'] as const

/**
 * Reads `hooks` of an exporter's file.
 *
 * @param file the exporter's file, which scripts are looked up next to
 */
export function readHooks(reader: YamlReader, node: unknown, file: string): Hooks {
  const map = reader.object(node, ['hooks'])
  if (map === undefined) return {}
  reader.onlyKeys(map, ['beforeLease', 'afterLease'], ['hooks'])
  const read = (name: 'beforeLease' | 'afterLease') =>
    map.has(name) ? readHook(reader, map.get(name), ['hooks', name], file) : undefined
  return { beforeLease: read('beforeLease'), afterLease: read('afterLease') }
}

function readHook(reader: YamlReader, node: unknown, path: Path, file: string): Hook | undefined {
  const map = reader.object(node, path)
  if (map === undefined) return undefined
  reader.onlyKeys(map, ['script', 'exec', 'timeout', 'onFailure'], path)
  const script = reader.string(map.get('script'), [...path, 'script']) ?? ''
  const given = map.has('timeout') ? reader.plain(map.get('timeout'), [...path, 'timeout']) : defaultTimeoutSeconds
  const seconds = typeof given === 'number' && given > 0 && given <= maxTimeoutSeconds ? given : undefined
  if (seconds === undefined) {
    const what = `is ${String(given)}; it has to be a number of seconds, at most ${maxTimeoutSeconds}`
    reader.mistake([...path, 'timeout'], what, map.get('timeout'))
  }
  const outcome = reader.optionalString(map, 'onFailure', path) ?? 'warn'
  const onFailure = outcomes.find((known) => known === outcome)
  if (onFailure === undefined) {
    const what = `is '${outcome}'; it has to be one of ${outcomes.join(', ')}`
    reader.mistake([...path, 'onFailure'], what, map.get('onFailure'))
  }
  const exec = reader.optionalString(map, 'exec', path)
  const command = commandOf(script, exec, dirname(file))
  return { command, timeoutMs: (seconds ?? defaultTimeoutSeconds) * 1000, onFailure: onFailure ?? 'warn' }
}

/**
 * A script of one line that is the path of a file is run as that file, any other by a shell. Paths are relative to the
 * exporter's file, or to where the exporter runs.
 */
function commandOf(script: string, exec: string | undefined, folder: string): Hook['command'] {
  const line = script.trim()
  const file = [resolve(folder, line), resolve(line)].find((path) => !line.includes('\n') && isFile(path))
  if (file === undefined) return [exec ?? '/bin/sh', '-c', script]
  return [exec ?? (file.endsWith('.py') ? 'python3' : '/bin/sh'), file]
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile()
}
