import { existsSync, readdirSync } from 'node:fs'

import { exporterLockKey } from '../../src/leases/machine-lock/exporter-lock.ts'
import { claimsFolder, lockName } from '../../src/leases/machine-lock/machine-lock.ts'

/** The claims to the exporter of a file that are left in the folder that all runs of this user share. */
export function claimsOf(file: string): string[] {
  const folder = claimsFolder()
  const name = lockName(exporterLockKey(file, undefined))
  return existsSync(folder) ? readdirSync(folder).filter((entry) => entry.includes(name)) : []
}
