import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa, type Options } from 'execa'

import { builtFile } from './built.ts'
import { ProcessOutput } from './process-output.ts'

const repository = new URL('../../', import.meta.url)
/** The command line, as the arguments of Node. */
const mainFile = builtFile('cli/main.js')

/** The file of a driver of no known interface. */
const probe = fileURLToPath(new URL('drivers/probe.ts', import.meta.url))

/** The parts of an exporter's file besides its drivers. */
export interface CliExporter {
  readonly labels?: Readonly<Record<string, string>>
  readonly hooks?: object
}

/** A folder with an exporter's file, and the command line in it. */
export async function createCliFolder() {
  const cache = fileURLToPath(new URL('.cache/', repository))
  mkdirSync(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'cli-'))
  const write = (name: string, content: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  write('package.json', '{ "type": "module" }')
  mkdirSync(join(folder, 'tmp'))
  return {
    folder,
    write,
    /** Writes an exporter's file, with a power switch and the driver of the journal. @returns its path */
    exporter: (name: string, { labels = {}, hooks }: CliExporter = {}) =>
      write(
        `${name}.yaml`,
        JSON.stringify({
          apiVersion: 'jumpstarter.dev/v1alpha1',
          kind: 'ExporterConfig',
          metadata: { namespace: 'default', name },
          labels,
          ...(hooks === undefined ? {} : { hooks }),
          export: {
            power: { type: 'jumpstarter_driver_power.driver.MockPower' },
            bench: { children: { probe: { type: `${probe}#Probe`, config: { journal: join(folder, 'journal') } } } },
          },
        }),
      ),
    mainFile,
    /** Runs the command line to its end. */
    run: (args: readonly string[], options: CliOptions = {}) =>
      run(folder, process.execPath, [mainFile, ...args], options),
    /** Runs another command there. */
    command: (program: string, args: readonly string[], options: CliOptions = {}) =>
      run(folder, program, args, options),
    /** Starts the command line; the test ends it. */
    start: (args: readonly string[], options: CliOptions = {}) => startCli(folder, args, options),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

interface CliOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

async function run(folder: string, program: string, args: readonly string[], options: CliOptions) {
  const settings = { ...shared(folder, options), input: options.input ?? '', timeout: 60_000 }
  const { exitCode, stdout, stderr } = await execa(program, args, settings)
  return { code: exitCode, stdout, stderr }
}

function shared(folder: string, { env = {} }: CliOptions) {
  const own = Object.entries(process.env).filter(([name]) => !/^VITEST|^JMP_|^JUMPSTARTER/.test(name))
  return {
    cwd: folder,
    // A separate folder for sockets, so that a test sees what is left of them.
    env: { ...Object.fromEntries(own), TMPDIR: join(folder, 'tmp'), ...env },
    extendEnv: false,
    reject: false,
  } satisfies Options
}

function startCli(folder: string, args: readonly string[], options: CliOptions) {
  const child = execa(process.execPath, [mainFile, ...args], { ...shared(folder, options), buffer: false })
  const output = new ProcessOutput(child)
  return {
    child,
    output,
    pid: child.pid ?? 0,
    /** Waits until what it prints matches. @returns the first group */
    prints: (pattern: RegExp) => output.prints(pattern),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await child
    },
  }
}
