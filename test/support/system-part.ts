import { spawnSync } from 'node:child_process'
import type { TestContext } from 'vitest'

/**
 * Skips a test on machines without a command that it calls. `scripts/install-system-parts.ts` installs them; where CI is
 * set a missing one is an error.
 */
export function needsCommand(command: string, skip: TestContext['skip']): void {
  if (spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined) return
  if (process.env['CI']) throw new Error(`${command} is not installed`)
  skip(`${command} is not installed`)
}
