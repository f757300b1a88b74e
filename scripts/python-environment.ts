/** The Python environment with Jumpstarter's packages, which the interoperability tests and the benchmark run against. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const requirements = fileURLToPath(new URL('../test/interop/requirements.txt', import.meta.url))
const interpreters = ['python3.13', 'python3.12', 'python3.11', 'python3']

/** Its folder, outside of the project so that checkouts share it; another list of packages has another one. */
export const pythonEnvironment: string = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'vitest-hardware',
  `python-${createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16)}`,
)

const complete = join(pythonEnvironment, 'complete')

/** Whether it is there, with all its packages. */
export function hasPythonEnvironment(): boolean {
  return existsSync(complete)
}

/** A Python that is new enough for Jumpstarter (3.11), and can make environments. */
export function findPython(): string | undefined {
  const test = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
  return interpreters.find((python) => spawnSync(python, ['-c', test], { stdio: 'ignore' }).status === 0)
}

/** Makes it. @returns whether that worked; pip says why it did not */
export function makePythonEnvironment(python: string): boolean {
  rmSync(pythonEnvironment, { recursive: true, force: true })
  mkdirSync(pythonEnvironment, { recursive: true })
  const run = (command: string, ...args: string[]) =>
    spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '-r', requirements]
  if (!run(python, '-m', 'venv', pythonEnvironment)) return false
  if (!run(join(pythonEnvironment, 'bin', 'python'), ...pip)) return false
  writeFileSync(complete, '')
  return true
}
