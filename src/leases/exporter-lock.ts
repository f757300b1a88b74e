import { realpathSync } from 'node:fs'
import { basename, resolve } from 'node:path'

import type { LockOwner } from './machine-lock-claim.ts'

/** What stands for an exporter on this machine: its `lock`, or its file, however its path is written. */
export function exporterLockKey(file: string, lock: string | undefined): string {
  if (lock !== undefined) return `lock ${lock}`
  try {
    return realpathSync(file)
  } catch {
    // It was there when it was loaded.
    return resolve(file)
  }
}

/** This process, as others are told who use an exporter that it uses. */
export function thisProcess(): Omit<LockOwner, 'since'> {
  const [script = '', ...args] = process.argv.slice(1)
  const name = basename(script).replace(/\.[cm]?[jt]s$/, '')
  // Others print it, perhaps where everybody can read it.
  const command = [name === 'main' ? 'vitest-hardware' : name, ...args]
    .join(' ')
    .replace(/(--passphrase[= ])\S+/, '$1…')
  return { pid: process.pid, command: command.length > 80 ? `${command.slice(0, 79)}…` : command }
}

/** Who uses an exporter: `vitest run (process 1234) for a.test.ts, since 12:30:01`. */
export function describeOwner({ pid, command, file, since }: LockOwner): string {
  const time = new Date(since).toTimeString().slice(0, 8)
  return `${command} (process ${pid})${file === undefined ? '' : ` for ${file}`}, since ${time}`
}
