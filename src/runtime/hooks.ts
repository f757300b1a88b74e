import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

import { HardwareError, messageOf } from '../errors.ts'
import { readLines } from './read-lines.ts'

/** A command that runs before, or after, an exporter's lease. */
export interface Hook {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]]
  readonly timeoutMs: number
  /** When it fails: go on with a warning, end the lease, or end the lease and take the exporter out of service. */
  readonly onFailure: 'warn' | 'endLease' | 'exit'
}

/** The hooks of an exporter. */
export interface Hooks {
  readonly beforeLease?: Hook | undefined
  readonly afterLease?: Hook | undefined
}

/** How long a hook that is told to end may take until it is killed, in milliseconds. */
const killAfterMs = 5_000
/** How long what a hook has left running may still hold its output, in milliseconds. */
const drainMs = 2_000
/** How many of its last lines the error of a failed hook shows. */
const shownLines = 20
/** How many characters of each. */
const shownLength = 500

/** What {@link runHook} takes besides the hook. */
export interface HookContext {
  /** `beforeLease` or `afterLease`, for messages. */
  readonly name: keyof Hooks
  /** Added to this process's own variables; those that are `undefined` the hook shall not have. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Gets every line that the hook prints, as it comes. */
  readonly print: (line: string) => void
  /** Ends the hook. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a hook to its end, with all that it starts in a process group of its own.
 *
 * @throws HardwareError HOOK_FAILED, with the reason and the last lines, when it exits with anything but 0, cannot be
 *   started, or takes too long
 */
export async function runHook(hook: Hook, { name, environment, print, signal }: HookContext): Promise<void> {
  const last: string[] = []
  const receive = (line: string) => {
    if (line.trim() === '') return
    last.push(line.length > shownLength ? `${line.slice(0, shownLength)}…` : line)
    if (last.length > shownLines) last.shift()
    print(line)
  }
  const reason = await run(hook, environment, receive, signal)
  if (reason === undefined) return
  const lines = last.map((line) => `\n  | ${line}`).join('')
  throw new HardwareError('HOOK_FAILED', `The exporter's ${name} hook ${reason}${lines}`)
}

/** @returns why it failed */
async function run(
  { command: [program, ...args], timeoutMs }: Hook,
  environment: Readonly<Record<string, string | undefined>>,
  receive: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  let child: ChildProcessByStdio<null, Readable, Readable>
  try {
    child = spawn(program, args, {
      // A group of its own, so that a hook is ended with all that it has started.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        TERM: 'dumb',
        DEBIAN_FRONTEND: 'noninteractive',
        GIT_TERMINAL_PROMPT: '0',
        ...environment,
      },
    })
  } catch (error) {
    // For some reasons it throws, for others it emits an error.
    return `could not be started: ${messageOf(error)}`
  }
  const flushes = [child.stdout, child.stderr].map((output) => readLines(output, receive))
  const closed = once(child, 'close')
  closed.catch(() => undefined)
  const limit = AbortSignal.timeout(timeoutMs)
  const end = AbortSignal.any([limit, ...(signal === undefined ? [] : [signal])])
  try {
    const [code, killedBy] = (await once(child, 'exit', { signal: end })) as [number | null, NodeJS.Signals | null]
    if (code === 0) return undefined
    return killedBy === null ? `failed with exit code ${code}` : `was ended by ${killedBy}`
  } catch (error) {
    if (!end.aborted) return `could not be started: ${messageOf(error)}`
    await endGroup(child.pid, closed)
    return limit.aborted ? `took longer than ${timeoutMs / 1000} s` : 'was cancelled'
  } finally {
    // Its output belongs to it; what it has left running in the background may hold the pipes open.
    await Promise.race([closed.catch(() => undefined), delay(drainMs, undefined, { ref: false })])
    child.stdout.destroy()
    child.stderr.destroy()
    for (const flush of flushes) flush()
  }
}

async function endGroup(pid: number | undefined, closed: Promise<unknown>): Promise<void> {
  if (pid === undefined) return
  signalGroup(pid, 'SIGTERM')
  await Promise.race([closed.catch(() => undefined), delay(killAfterMs, undefined, { ref: false })])
  signalGroup(pid, 'SIGKILL')
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended by itself.
  }
}
