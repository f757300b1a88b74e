/** The wheels of Jumpstarter's drivers, which the drift check reads. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { cachedFolder, pythonProgram } from '../python-environment.ts'

const listed = fileURLToPath(new URL('wheels.txt', import.meta.url))
const reader = fileURLToPath(new URL('read_wheels.py', import.meta.url))
const folder = cachedFolder('wheels', listed)

/** An argument of a method, by its name on the wire. */
export interface MethodArgument {
  readonly name: string
  /** True if callers may leave it out. */
  readonly optional?: boolean
  /** True if it stands for all further arguments. */
  readonly rest?: boolean
}

/** A method that a driver exports. */
export interface ExportedMethod {
  readonly kind: string
  readonly args: readonly MethodArgument[]
}

/** A driver class of Jumpstarter. */
export interface ExportedDriver {
  /** Its full name: `jumpstarter_driver_power.driver.MockPower`. */
  readonly driver: string
  /** The path of its client's class. */
  readonly client: string
  readonly methods: Readonly<Record<string, ExportedMethod>>
}

/** True if the wheels are there. */
export function hasDriverWheels(): boolean {
  return existsSync(folder)
}

/** Downloads the wheels with the pip of the Python environment. @returns true if that worked; otherwise pip has printed the reason */
export function downloadDriverWheels(): boolean {
  const partial = `${folder}.${process.pid}`
  mkdirSync(partial, { recursive: true })
  const args = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-input', '--no-deps']
  const { status } = spawnSync(
    pythonProgram('python'),
    [...args, '--only-binary', ':all:', '--dest', partial, '--requirement', listed],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  if (status !== 0) {
    rmSync(partial, { recursive: true, force: true })
    return false
  }
  rmSync(folder, { recursive: true, force: true })
  renameSync(partial, folder)
  return true
}

/** Reads the driver classes in the wheels, and the methods that they export. Nothing of the wheels is run. */
export function readDriverWheels(): ExportedDriver[] {
  const output = execFileSync(pythonProgram('python'), [reader, folder], { encoding: 'utf8', maxBuffer: 2 ** 24 })
  return JSON.parse(output) as ExportedDriver[]
}
