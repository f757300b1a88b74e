import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { findPython } from './find-python.ts'
import type { Hook, Hooks } from '../hooks.ts'
import type { Path, YamlReader } from '../../base/yaml-reader.ts'

/** The time limit of a hook whose file gives none, in seconds; that of Jumpstarter's exporter configuration. */
const defaultTimeoutSeconds = 120
/** The longest time limit of a hook, in seconds: a day. Timers cannot hold much more. */
const maxTimeoutSeconds = 86_400

const outcomes = ['warn', 'endLease', 'exit'] as const

/**
 * Reads `hooks` of an exporter's file.
 *
 * @param root the root of the file
 * @param file the exporter's file; the paths of scripts are relative to its folder
 */
export function readHooks(reader: YamlReader, root: Map<string, unknown>, file: string): Hooks {
  const map = reader.optionalObject(root, 'hooks', [])
  reader.onlyKeys(map, ['beforeLease', 'afterLease'], ['hooks'])
  const read = (name: 'beforeLease' | 'afterLease') => {
    const node = reader.given(map, name)
    return node === undefined ? undefined : readHook(reader, node, ['hooks', name], file)
  }
  return { beforeLease: read('beforeLease'), afterLease: read('afterLease') }
}

function readHook(reader: YamlReader, node: unknown, path: Path, file: string): Hook | undefined {
  const map = reader.object(node, path)
  if (map === undefined) return undefined
  reader.onlyKeys(map, ['script', 'exec', 'timeout', 'onFailure'], path)
  const script = reader.string(map.get('script'), [...path, 'script']) ?? ''
  const limit = reader.given(map, 'timeout')
  const given: unknown = limit === undefined ? defaultTimeoutSeconds : reader.plain(limit, [...path, 'timeout'])
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
 * A script of one line that is the path of a file runs that file, with Python if its name ends in `.py`. A shell runs any other
 * script. Paths are relative to the folder of the exporter's file, or to the folder in which the exporter runs.
 */
function commandOf(script: string, exec: string | undefined, folder: string): Hook['command'] {
  const line = script.trim()
  const file = [resolve(folder, line), resolve(line)].find((path) => !line.includes('\n') && isFile(path))
  if (file === undefined) return [exec ?? '/bin/sh', '-c', script]
  return [exec ?? (/\.py$/i.test(file) ? findPython() : '/bin/sh'), file]
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile()
}
