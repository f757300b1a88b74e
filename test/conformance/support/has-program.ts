import { spawnSync } from 'node:child_process'

import { reasonToSkip } from '../../support/system-part.ts'

/** True if a program is installed. Prints why tests are skipped without it; with CI set, a missing program is an error. */
export function hasProgram(program: string): boolean {
  if (spawnSync(program, ['-h'], { stdio: 'ignore', timeout: 10_000 }).error === undefined) return true
  reasonToSkip(program)
  return false
}
