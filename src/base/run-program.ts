import { stat } from 'node:fs/promises'

import { HardwareError } from '../errors.ts'
import { onAbort } from './abort.ts'
import { lastLines } from './last-lines.ts'
import { readLines } from './lines.ts'
import { maskSecrets } from './mask-secrets.ts'
import { missingProgram } from './missing-program.ts'
import { describeEnd, ProcessGroup } from './process-group.ts'
import { withTimeLimit } from './time-limit.ts'

/** The time between SIGTERM and SIGKILL, in milliseconds. */
const killAfterMs = 2_000
/** The longest that processes in the background may hold the output of an ended program, in milliseconds. */
const drainTimeoutMs = 1_000
/** The most output that a result has, in characters. A program that prints more is ended. */
const maxOutput = 16 * 1024 * 1024

/** Options of {@link runProgram}. */
export interface RunProgramOptions {
  /** The folder to run in (default: that of this process). */
  readonly cwd?: string | undefined
  /** The whole environment (default: the usual variables, without the exporter's secrets). */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** The text or bytes of standard input (default: none). */
  readonly input?: string | Uint8Array | undefined
  /** The longest that the program may take, in milliseconds (default 60 000). */
  readonly timeoutMs?: number | undefined
  /** Ends the program. */
  readonly signal?: AbortSignal | undefined
  /** Gets each line of output as it comes: for a log, or to read progress. */
  readonly receiveLine?: ((line: string) => void) | undefined
  /** How to install the program, for the error when it is missing: `apt install ipmitool`. */
  readonly install?: string | undefined
  /** The exit codes that are no failure (default: only 0). */
  readonly exitCodes?: readonly number[] | undefined
  /** Texts that no error may show, such as passwords among the arguments. */
  readonly secrets?: readonly string[] | undefined
}

/** The result of {@link runProgram}. */
export interface ProgramResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/**
 * Runs a program to its end. No shell reads its arguments. The program has a process group for itself: when the time limit runs
 * out or the signal is aborted, it is ended with all processes that it has started.
 *
 * @param command the program and its arguments
 * @throws HardwareError PROGRAM_MISSING with how to install it; DEVICE_IO when it fails, with its last lines in
 *   the message and in `details.output`, and when its folder is missing; CALL_TIMEOUT at the time limit; LIMIT_EXCEEDED for more than 16 Mi characters of output; the signal's reason
 * @example
 * ```ts
 * const { stdout } = await runProgram(['uhubctl', '-l', location], { install: 'apt install uhubctl' })
 * ```
 */
export async function runProgram(
  command: readonly [string, ...string[]],
  options: RunProgramOptions = {},
): Promise<ProgramResult> {
  const { timeoutMs = 60_000, signal, exitCodes = [0], install } = options
  const [program] = command
  signal?.throwIfAborted()
  const group = await ProcessGroup.start(command, {
    cwd: options.cwd,
    env: options.env,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    killAfterMs,
    drainTimeoutMs,
  })
  const output = new Output(group, options.receiveLine)
  const stopListening = onAbort(signal, () => void group.end())
  try {
    const [input] = group.pipes
    // A program that ends without reading its input is no failure.
    input?.on('error', () => undefined).end(options.input)
    await withTimeLimit({ name: program, timeoutMs, signal }, async () => {
      await group.exited
      await group.drain()
    })
  } finally {
    stopListening()
    await group.end()
  }
  const end = await group.exited
  if (output.isTooLong)
    throw new HardwareError('LIMIT_EXCEEDED', `${program} printed more than ${maxOutput} characters`)
  if (end.type === 'notStarted' && end.isMissing) {
    // Node reports a missing folder as a missing program.
    const isFolder =
      options.cwd === undefined || (await stat(options.cwd).catch(() => undefined))?.isDirectory() === true
    if (!isFolder) {
      const message = `${program} cannot be started: there is no folder ${options.cwd} (cwd)`
      throw new HardwareError('DEVICE_IO', message, { cause: end.error, origin: 'lab' })
    }
    throw missingProgram(program, { install, cause: end.error })
  }
  if (end.type === 'exited' && exitCodes.includes(end.exitCode)) return { ...output.texts, exitCode: end.exitCode }
  const cause = end.type === 'notStarted' ? end.error : undefined
  const hidden = (text: string) => maskSecrets(text, options.secrets ?? [])
  const shortMessage = hidden(`${program} ${describeEnd(end)}`)
  const { stdout, stderr } = output.texts
  // A secret may have several lines, and be longer than a line that is shown.
  const shown = lastLines(hidden(stderr.trim() === '' ? stdout : stderr))
  const message = [shortMessage, ...shown.map((line) => `  ${line}`)].join('\n')
  throw new HardwareError('DEVICE_IO', message, { cause, shortMessage, details: { output: shown } })
}

/** The output of a program, with a limit. */
class Output {
  readonly #chunks: readonly Buffer[][] = [[], []]
  #length = 0
  isTooLong = false

  constructor(group: ProcessGroup, receiveLine: ((line: string) => void) | undefined) {
    for (const [index, chunks] of this.#chunks.entries()) {
      const pipe = group.pipes[index + 1]
      if (pipe === undefined) continue
      if (receiveLine !== undefined) readLines(pipe, receiveLine)
      pipe.on('data', (chunk: Buffer) => {
        this.#length += chunk.length
        if (this.#length <= maxOutput) chunks.push(chunk)
        else if (!this.isTooLong) {
          this.isTooLong = true
          void group.end()
        }
      })
    }
  }

  get texts() {
    const [stdout = '', stderr = ''] = this.#chunks.map((chunks) => Buffer.concat(chunks).toString())
    return { stdout, stderr }
  }
}
