import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

import { pythonProgram, pythonVariables } from '../scripts/python-environment.ts'
import { endServer, ProcessOutput } from '../test/support/process-output.ts'

/** A command line. */
export type Command = readonly [program: string, ...args: string[]]

/** The longest that a process may take, in milliseconds: a hang is a failure, not a figure. */
const defaultLimitMs = 120_000

/** The path of a file of the benchmark. */
export function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

/** Runs a file with this Node.js. */
export function node(file: string, ...args: string[]): Command {
  return [process.execPath, file, ...args]
}

/** The compiled command line, as users have it. */
export function vitestHardware(...args: string[]): Command {
  return node(fileOf('../dist/cli/main.js'), ...args)
}

/** Runs a program of the Python environment. */
export function python(program: 'python' | 'jmp' | 'j' | 'pytest', ...args: string[]): Command {
  return [pythonProgram(program), ...args]
}

/**
 * Keeps TypeScript that Node.js has stripped of its types, for exporters and clients of a benchmark written in it: users'
 * drivers are compiled, and stripping takes 15 MiB.
 */
export const compiled = { NODE_COMPILE_CACHE: fileOf('../.cache/bench-compiled') } as const

/** The folder, environment and time limit of a command. */
export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** The longest it may take (default 120 000). */
  readonly timeoutMs?: number
}

/** For all processes alike: nothing of a surrounding run or lease, and Python's modules of the benchmark. */
function shared({ cwd = fileOf('.'), env = {} }: RunOptions) {
  const inherited = Object.entries(pythonVariables(fileOf('programs'))).filter(
    ([name]) => !/^VITEST|^JUMPSTARTER/.test(name),
  )
  const variables = { ...Object.fromEntries(inherited), NO_COLOR: '1', CI: '1' }
  return { cwd, env: { ...variables, ...env }, extendEnv: false } as const
}

/**
 * Runs a command to its end.
 *
 * @returns its standard output, and how long it took in milliseconds
 * @throws Error with its output when it fails or takes too long
 */
export async function run([program, ...args]: Command, options: RunOptions = {}) {
  const begin = performance.now()
  const timeout = options.timeoutMs ?? defaultLimitMs
  const { stdout } = await execa(program, args, { ...shared(options), stdin: 'ignore', timeout })
  return { stdout, elapsedMs: performance.now() - begin }
}

/** A process that serves until it is disposed of. */
export interface RunningProcess extends AsyncDisposable {
  readonly pid: number
  /** The first group of the pattern that the start waited for. */
  readonly found: string
  /** From the start of the process until then, in milliseconds. */
  readonly elapsedMs: number
  /** All that it has printed, errors included. */
  output(): string
  /** Waits until the output matches. @returns the first group */
  prints(pattern: RegExp): Promise<string>
}

/**
 * Starts a command, and waits until its output matches.
 *
 * @throws Error with its output when it ends before that or takes too long
 */
export async function start(
  [program, ...args]: Command,
  pattern: RegExp,
  options: RunOptions = {},
): Promise<RunningProcess> {
  const begin = performance.now()
  const child = execa(program, args, { ...shared(options), reject: false, stdin: 'pipe', buffer: false })
  const output = new ProcessOutput(child)
  const prints = (expected: RegExp) => output.prints(expected, options.timeoutMs ?? defaultLimitMs)
  try {
    const found = await prints(pattern)
    const elapsedMs = performance.now() - begin
    const pid = child.pid ?? 0
    return { pid, found, elapsedMs, output: () => output.all, prints, [Symbol.asyncDispose]: () => endServer(child) }
  } catch (error) {
    await endServer(child)
    throw error
  }
}
