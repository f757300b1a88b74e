import { cutText } from '../base/cut-text.ts'
import { anySignal, untilAborted } from '../base/abort.ts'
import { missingProgram } from '../base/missing-program.ts'
import { describeEnd, ProcessGroup } from '../base/process-group.ts'
import { HardwareError } from '../errors.ts'

/** A command that runs before, or after, an exporter's lease. */
export interface Hook {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]]
  readonly timeoutMs: number
  /** The consequence of a failure: a warning, the end of the lease, or the end of the lease and of the exporter's service. */
  readonly onFailure: 'warn' | 'endLease' | 'exit'
}

/** The hooks of an exporter. */
export interface Hooks {
  readonly beforeLease?: Hook | undefined
  readonly afterLease?: Hook | undefined
}

/** The time between SIGTERM and SIGKILL for a hook that has to end, in milliseconds. */
const killAfterMs = 5_000
/** The longest that processes which a hook has left running may hold its output, in milliseconds. */
const drainTimeoutMs = 2_000
/** The number of a failed hook's last lines that its error shows. */
const shownLines = 20
/** The length from which a line is cut in the error, in characters. */
const shownLength = 500

/** Options of {@link runHook}. */
export interface HookContext {
  /** `beforeLease` or `afterLease`, for messages. */
  readonly name: keyof Hooks
  /** The hook's variables. A variable that is `undefined` is left out. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Receives every line of the hook's output as it comes. */
  readonly print: (line: string) => void
  /** Ends the hook. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a hook to its end, in a separate process group.
 *
 * @throws HardwareError HOOK_FAILED, with the reason and the last lines, when the hook exits with a code other than 0, cannot be
 *   started, or takes too long
 */
export async function runHook(hook: Hook, { name, environment, print, signal }: HookContext): Promise<void> {
  const last: string[] = []
  const receive = (line: string) => {
    if (line.trim() === '') return
    last.push(cutText(line, shownLength))
    if (last.length > shownLines) last.shift()
    print(line)
  }
  const failure = await run(hook, environment, receive, signal)
  if (failure === undefined) return
  const lines = last.map((line) => `\n  | ${line}`).join('')
  const message = `The exporter's ${name} hook ${failure.reason}${lines}`
  throw new HardwareError('HOOK_FAILED', message, { details: { limitMs: failure.limitMs } })
}

interface HookFailure {
  readonly reason: string
  /** The time limit, if it ran out. */
  readonly limitMs?: number | undefined
}

async function run(
  { command, timeoutMs }: Hook,
  environment: Readonly<Record<string, string | undefined>>,
  receiveLine: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<HookFailure | undefined> {
  const group = await ProcessGroup.start(command, { env: environment, receiveLine, killAfterMs, drainTimeoutMs })
  const limit = AbortSignal.timeout(timeoutMs)
  const stop = anySignal(limit, signal)
  try {
    const end = await untilAborted(group.exited, stop)
    if (end.type === 'exited' && end.exitCode === 0) return undefined
    const isMissing = end.type === 'notStarted' && end.isMissing
    return { reason: isMissing ? `could not be started: ${missingProgram(command[0]).message}` : describeEnd(end) }
  } catch {
    await group.end()
    if (!limit.aborted) return { reason: 'was cancelled' }
    return { reason: `took longer than ${timeoutMs / 1000} s`, limitMs: timeoutMs }
  } finally {
    // The hook may leave processes in the background, which hold its output open.
    await group.drain()
  }
}

/** True for the failure of a hook, alone or among several errors. */
export function isHookFailure(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isHookFailure)
  return error instanceof HardwareError && error.code === 'HOOK_FAILED'
}
