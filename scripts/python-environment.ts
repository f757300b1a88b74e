/** The Python environment with Jumpstarter's packages, which the interoperability tests and the benchmark run against. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const requirements = fileURLToPath(new URL('../test/interop/requirements.txt', import.meta.url))
const interpreters = ['python3.13', 'python3.12', 'python3.11', 'python3']

/** A folder of things that a file lists, outside of the project so that checkouts share it; another list has another folder. */
export function cachedFolder(name: string, list: string): string {
  const hash = createHash('sha256').update(readFileSync(list)).digest('hex').slice(0, 16)
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'vitest-hardware', `${name}-${hash}`)
}

const pythonEnvironment: string = cachedFolder('python', requirements)

const complete = join(pythonEnvironment, 'complete')

/** True if the environment is there, with all its packages. */
export function hasPythonEnvironment(): boolean {
  return existsSync(complete)
}

/** The path of a program of the environment: `python`, `jmp`, `j`. */
export function pythonProgram(name: string): string {
  return join(pythonEnvironment, 'bin', name)
}

/** The variables of a Python program: with modules of a folder, and no configuration of the machine's user. */
export function pythonVariables(modules: string): NodeJS.ProcessEnv {
  const { JUMPSTARTER_HOST: _host, ...own } = process.env
  return { ...own, PYTHONPATH: modules, PYTHONUNBUFFERED: '1', JMP_CLIENT_CONFIG_HOME: '/nonexistent' }
}

/** A Python that is new enough for Jumpstarter (3.11), and can make environments. */
export function findPython(): string | undefined {
  const test = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
  return interpreters.find((python) => spawnSync(python, ['-c', test], { stdio: 'ignore' }).status === 0)
}

/** Makes the environment. @returns true if that worked; otherwise pip has printed the reason */
export function makePythonEnvironment(python: string): boolean {
  rmSync(pythonEnvironment, { recursive: true, force: true })
  mkdirSync(pythonEnvironment, { recursive: true })
  const run = (command: string, ...args: string[]) =>
    spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input']
  // The list is complete, and most modules are never imported: resolving and compiling took four fifths of the time.
  const asListed = ['--no-deps', '--no-compile', '--requirement', requirements]
  if (!run(python, '-m', 'venv', pythonEnvironment)) return false
  if (!run(join(pythonEnvironment, 'bin', 'python'), ...pip, ...asListed)) return false
  writeFileSync(complete, '')
  return true
}
