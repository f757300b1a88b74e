import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'

import { pythonProgram } from '../../../scripts/python-environment.ts'
import { pythonEnvironmentVariables } from '../../interop/support/python.ts'
import { builtFile } from '../../support/built.ts'
import { labTree } from '../../support/controller/lab.ts'
import type { Fleet } from './fleet.ts'

/** Whose exporter it is: this package's, or Jumpstarter's in Python. */
export type Make = 'ours' | 'python'

/** An exporter of a fleet, in its own process. */
export class ExporterProcess implements AsyncDisposable {
  readonly name: string
  readonly #fleet: Fleet
  readonly #make: Make
  #process: ReturnType<typeof run> | undefined

  /** Makes an exporter that does not run yet. */
  constructor(fleet: Fleet, name: string, make: Make = 'ours') {
    this.#fleet = fleet
    this.name = name
    this.#make = make
  }

  /** Starts it. @param more more of its file, such as hooks */
  start(more: object = {}): void {
    const file = join(this.#fleet.folder, `exporter-${this.name}.yaml`)
    writeFileSync(file, this.#fleet.exporterConfig(this.name, { export: labTree, ...more }), { mode: 0o600 })
    this.#process = run(this.#make, file)
  }

  /** True if it runs. */
  get isAlive(): boolean {
    const child = this.#process?.nodeChildProcess
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** Ends it. @returns what it has printed */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<string> {
    this.#process?.kill(signal)
    return (await this.#process)?.all ?? ''
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }
}

function run(make: Make, file: string) {
  const options = { reject: false, all: true, stdin: 'ignore', forceKillAfterDelay: 15_000 } as const
  if (make === 'ours') {
    return execa(process.execPath, [builtFile('cli/main.js'), 'run', '--exporter-config', file], options)
  }
  const env = { ...pythonEnvironmentVariables(), PATH: `${pythonProgram('')}:${process.env['PATH']}` }
  return execa(pythonProgram('jmp'), ['run', '--exporter-config', file], { ...options, env, extendEnv: false })
}
