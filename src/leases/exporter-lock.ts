import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'

import type { LockOwner } from './machine-lock-claim.ts'

/** What stands for an exporter on this machine: its file, however its path is written. */
export function exporterLockKey(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    // Loading it says what is wrong with it.
    return resolve(file)
  }
}

/** This process, as others are told who use an exporter that it uses. */
export function thisProcess(): Omit<LockOwner, 'since'> {
  const [script = '', ...args] = process.argv.slice(1)
  const name = script
    .replace(/^.*\/node_modules\/|^.*\/(?=[^/]+$)/, '')
    .replace(/(?:\/dist)?(?:\/cli)?\/?(?:main)?\.m?js$/, '')
  const command = [name, ...args].join(' ')
  return { pid: process.pid, command: command.length > 80 ? `${command.slice(0, 79)}…` : command }
}

/** Who uses an exporter: `vitest run (process 1234) for a.test.ts, since 12:30:01`. */
export function describeOwner({ pid, command, file, since }: LockOwner): string {
  const time = new Date(since).toTimeString().slice(0, 8)
  return `${command} (process ${pid})${file === undefined ? '' : ` for ${file}`}, since ${time}`
}
