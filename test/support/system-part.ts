import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
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

/** Skips a test on a machine without a command that the test calls. With CI set, a missing command is an error. */
export function needsCommand(command: string, skip: TestContext['skip']): void {
  if (!isInstalled(command)) skipMissing(command, skip)
}

/**
 * Gives the reason to skip a suite on a machine without a command, or one of several. With CI set, a missing command is an error.
 */
export function missingCommand(...commands: readonly string[]): string | undefined {
  const missing = commands.find((command) => !isInstalled(command))
  return missing === undefined ? undefined : reasonToSkip(missing)
}

/** Looks for a command in PATH. It is not run: a daemon may serve with any argument. */
function isInstalled(command: string): boolean {
  const folders = command.includes('/') ? [''] : (process.env['PATH'] ?? '').split(delimiter)
  return folders.some((folder) => existsSync(join(folder, command)))
}
