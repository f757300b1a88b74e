import { realpathSync } from 'node:fs'
import { basename, resolve } from 'node:path'

import { cutText } from '../../base/cut-text.ts'
import { placeOf } from '../../protocol/lease-messages.ts'
import type { ExporterUser } from '../lease.ts'
import type { LockOwner } from './claim.ts'

/** Makes the key of an exporter's lock: its `lock`, or the real path of its file. */
export function exporterLockKey(file: string, lock: string | undefined): string {
  if (lock !== undefined) return `lock ${lock}`
  try {
    return realpathSync(file)
  } catch {
    // The file has disappeared since the exporter was loaded.
    return resolve(file)
  }
}

/** Describes this process for other processes that wait for its exporter. */
export function thisProcess(): Omit<LockOwner, 'since'> {
  const [script = '', ...args] = process.argv.slice(1)
  const name = basename(script).replace(/\.[cm]?[jt]s$/, '')
  // Other processes print the command, perhaps in a public log, so it has no passphrase.
  const command = [name === 'main' ? 'vitest-hardware' : name, ...args]
    .join(' ')
    .replace(/(--passphrase[= ])\S+/, '$1…')
  return { pid: process.pid, command: cutText(command, 79) }
}

/** Describes the user of an exporter: `vitest run (process 1234 on ci-3) for a.test.ts, since 12:30:01`. */
export function describeOwner(user: ExporterUser): string {
  const { command, file, since } = user
  const time = new Date(since).toTimeString().slice(0, 8)
  return `${command}${placeOf(user)}${file === undefined ? '' : ` for ${file}`}, since ${time}`
}
