import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/**
 * The path of a file of the built package: `cli/main.js`. Tests of the command line start what users start; without type
 * stripping it also starts in half the time.
 *
 * The build is not repeated here: several workers of Vitest would build at the same time, while others run the files.
 *
 * @throws Error when `dist` is missing, or older than `src`
 */
export function builtFile(name: string): string {
  const built = join(repository, 'dist', name)
  const builtAt = statSync(built, { throwIfNoEntry: false })?.mtimeMs
  if (builtAt === undefined) throw new Error('dist is missing; run: npm run build')
  const changed = newerFile(join(repository, 'src'), builtAt)
  if (changed !== undefined) throw new Error(`dist is older than ${changed}; run: npm run build`)
  return built
}

function newerFile(folder: string, timeMs: number): string | undefined {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  return files.find((file) => file.endsWith('.ts') && statSync(file).mtimeMs > timeMs)
}
