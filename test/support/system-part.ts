import { spawnSync } from 'node:child_process'
import type { TestContext } from 'vitest'

/** The reasons that this file has printed. */
const printed = new Set<string>()

/**
 * Gives the reason why tests that need a part of the system are skipped, and prints it once for each file: Vitest's report only
 * counts skipped tests. With CI set, the missing part is an error.
 */
export function reasonToSkip(part: string): string {
  const reason = `${part} is not installed: run \`npm run setup\``
  if (process.env['CI']) throw new Error(reason)
  if (!printed.has(reason)) console.warn(`skipped, because ${reason}`)
  printed.add(reason)
  return reason
}

/** Skips a test on a machine without a part of the system that `npm run setup` installs. With CI set, a missing part is an error. */
export function skipMissing(part: string, skip: TestContext['skip']): void {
  skip(reasonToSkip(part))
}

/**
 * Gives the reason why a file is skipped on a machine without a program, for `describe.skipIf()`. With CI set, the missing program
 * is an error.
 *
 * @param probe the argument with which the program prints something and ends
 */
export function missingProgram(program: string, probe = '--version'): string | undefined {
  const isThere = spawnSync(program, [probe], { stdio: 'ignore' }).error === undefined
  return isThere ? undefined : reasonToSkip(program)
}

/** Skips a test on a machine without a command that the test calls. With CI set, a missing command is an error. */
export function needsCommand(command: string, skip: TestContext['skip']): void {
  if (!isInstalled(command)) skipMissing(command, skip)
}

/** Gives the reason to skip a suite on a machine without a command. With CI set, a missing command is an error. */
export function missingCommand(command: string): string | undefined {
  return isInstalled(command) ? undefined : reasonToSkip(command)
}

function isInstalled(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined
}
