import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import type { Duplex, Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'

import { messageOf } from '../errors.ts'
import { childEnvironment } from './child-environment.ts'
import { pause } from './pause.ts'
import { readLines } from './lines.ts'
import { pollUntil } from './poll.ts'

/** The longest pause between two looks whether a process group is gone, in milliseconds. No event tells of that. */
const longestLookPauseMs = 20
/** The longest the kernel may take to end a process after SIGKILL, in milliseconds. */
const killTimeoutMs = 2_000

/** Options of {@link ProcessGroup.start}. */
export interface ProcessGroupOptions {
  /** The folder to run in (default: that of this process). */
  readonly cwd?: string | undefined
  /** The whole environment (default: {@link childEnvironment}). A variable that is `undefined` is left out. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** The file descriptors from 0 on (default: no input, and pipes for standard output and standard error). */
  readonly stdio?: readonly ('ignore' | 'inherit' | 'pipe')[] | undefined
  /** Gets each line of standard output and standard error as it comes. Without it the pipes are the caller's to read. */
  readonly receiveLine?: ((line: string) => void) | undefined
  /** The program gets a process group, and a session, for itself (default true). */
  readonly detached?: boolean | undefined
  /** Signals go to the whole process group (default: where the program has one for itself), or to the program alone. */
  readonly signalGroup?: boolean | undefined
  /** The time between SIGTERM and SIGKILL, in milliseconds. */
  readonly killAfterMs: number
  /** The longest that other processes may hold the pipes once the program has ended, in milliseconds. */
  readonly drainTimeoutMs: number
}

/** The end of a program: it has exited, a signal has ended it, or it could not be started. */
export type ProcessEnd =
  | { readonly type: 'exited'; readonly exitCode: number }
  | { readonly type: 'signalled'; readonly signal: NodeJS.Signals }
  | { readonly type: 'notStarted'; readonly error: NodeJS.ErrnoException; readonly isMissing: boolean }

/**
 * A program with all processes that it starts. No shell reads its arguments. Every driver, hook and command that runs a program
 * uses this class, so that each is ended in the same way.
 *
 * @example
 * ```ts
 * const process = await ProcessGroup.start(['openocd', '-f', file], { receiveLine, killAfterMs: 2_000, drainTimeoutMs: 1_000 })
 * …
 * await process.end()
 * ```
 */
export class ProcessGroup {
  /** The pipes, by their file descriptors; `undefined` where a descriptor has none. */
  readonly pipes: readonly (Duplex | undefined)[]
  /** Is fulfilled when the program has ended, or could not be started. */
  readonly exited: Promise<ProcessEnd>
  /** Is fulfilled when the program has ended and no process holds its pipes any more. */
  readonly closed: Promise<void>
  readonly #child: ChildProcess | undefined
  readonly #options: ProcessGroupOptions
  readonly #flushes: readonly (() => void)[]
  #end: ProcessEnd | undefined
  #ending: Promise<void> | undefined

  /**
   * Starts a program. Read {@link pipes} at once: output that nobody reads in this turn of the event loop may be lost.
   * {@link exited} says why a program could not be started; that is no exception.
   *
   * @param command the program and its arguments
   */
  static async start(command: readonly [string, ...string[]], options: ProcessGroupOptions): Promise<ProcessGroup> {
    const [program, ...args] = command
    // On first use: execa takes 30 ms to load, and most processes of this package start no program.
    const { execa } = await import('execa')
    const { cwd, env, detached = true, stdio = ['ignore', 'pipe', 'pipe'] } = options
    try {
      const subprocess = execa(program, args, {
        detached,
        cwd: cwd ?? process.cwd(),
        env: { ...(env ?? childEnvironment()) },
        extendEnv: false,
        stdio: stdio as ['ignore' | 'inherit' | 'pipe', 'inherit' | 'pipe', 'inherit' | 'pipe'],
        buffer: false,
        reject: false,
        // The caller decides what happens to the program when this process ends.
        cleanup: false,
      })
      const failure = subprocess.then(({ cause }) => cause)
      const group = new ProcessGroup(options, failure, subprocess.nodeChildProcess)
      await group.#keepOutput()
      return group
    } catch (error) {
      // An argument that no program can have.
      return new ProcessGroup(options, Promise.resolve(error))
    }
  }

  private constructor(options: ProcessGroupOptions, failure: Promise<unknown>, child?: ChildProcess) {
    this.#child = child
    this.#options = options
    const streams = (child?.stdio ?? []) as readonly (Duplex | null)[]
    this.pipes = streams.map((stream) => stream ?? undefined)
    const { receiveLine } = options
    const outputs = this.pipes.slice(1, 3).filter((pipe) => pipe !== undefined)
    this.#flushes = receiveLine === undefined ? [] : outputs.map((output) => readLines(output, receiveLine))
    if (child?.pid === undefined) {
      this.exited = failure.then((error) => (this.#end = notStarted(error)))
      this.closed = this.exited.then(() => undefined)
    } else {
      this.exited = new Promise((resolve) => {
        child.once('exit', (code, signal) => resolve((this.#end = endOf(code, signal))))
      })
      this.closed = new Promise((resolve) => child.once('close', () => resolve()))
    }
  }

  /** The process id; `undefined` for a program that could not be started. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** The end of the program, where it has ended. */
  get endOfProgram(): ProcessEnd | undefined {
    return this.#end
  }

  /** Sends a signal to the group, or to the program alone. @returns false if no such process exists */
  kill(signal: NodeJS.Signals | 0): boolean {
    const pid = this.#child?.pid
    if (pid === undefined) return false
    if (!this.#signalsGroup) return this.#end === undefined && this.#child?.kill(signal) === true
    try {
      return process.kill(-pid, signal)
    } catch {
      return false
    }
  }

  /**
   * Ends the group: SIGTERM, SIGKILL for the processes that are left after `killAfterMs`, then {@link drain}. May be called
   * again.
   */
  end(): Promise<void> {
    this.#ending ??= this.#endGroup()
    return this.#ending
  }

  /**
   * Waits until the output has been read, at most `drainTimeoutMs` after the program has ended, then closes the pipes. A
   * process that was left in the background may hold them for ever.
   */
  async drain(): Promise<void> {
    await Promise.race([this.exited, pause(killTimeoutMs, { ref: false })])
    await Promise.race([this.closed, pause(this.#options.drainTimeoutMs, { ref: false })])
    for (const pipe of this.pipes) pipe?.destroy()
    for (const flush of this.#flushes) flush()
  }

  get #signalsGroup(): boolean {
    return this.#options.signalGroup ?? this.#options.detached ?? true
  }

  async #endGroup(): Promise<void> {
    this.kill('SIGTERM')
    const isGone = () => (this.kill(0) ? undefined : true)
    const looks = { firstMs: 1, maxMs: longestLookPauseMs, timeoutMs: this.#options.killAfterMs }
    if ((await pollUntil(isGone, looks)) === undefined) this.kill('SIGKILL')
    await this.drain()
  }

  /**
   * Keeps the first output for the caller. execa makes pipes that nobody reads flow in the next turn of the event loop, and
   * their output is lost then. A listener for `readable` holds it back until that turn is over.
   */
  async #keepOutput(): Promise<void> {
    const hold = () => undefined
    const held = this.pipes.filter((pipe): pipe is Duplex => isUnread(pipe))
    for (const pipe of held) pipe.on('readable', hold)
    await nextTurn()
    await nextTurn()
    for (const pipe of held) pipe.off('readable', hold)
  }
}

/** The exit code as a shell gives it: 128 and the signal's number for a program that a signal has ended. */
export function exitCodeOf(end: Exclude<ProcessEnd, { type: 'notStarted' }>): number {
  return end.type === 'exited' ? end.exitCode : 128 + constants.signals[end.signal]
}

/** Says how a program ended, to follow its name: `failed with exit code 1`. */
export function describeEnd(end: ProcessEnd): string {
  if (end.type === 'exited') return `failed with exit code ${end.exitCode}`
  if (end.type === 'signalled') return `was ended by ${end.signal}`
  return `could not be started: ${messageOf(end.error)}`
}

function endOf(code: number | null, signal: NodeJS.Signals | null): ProcessEnd {
  return signal === null ? { type: 'exited', exitCode: code ?? 0 } : { type: 'signalled', signal }
}

function isUnread(pipe: Readable | undefined): boolean {
  return pipe !== undefined && pipe.readable && pipe.readableFlowing === null
}

function notStarted(error: unknown): ProcessEnd {
  const failure: NodeJS.ErrnoException = error instanceof Error ? error : new Error(messageOf(error))
  // Node.js adds the arguments, which may have secrets.
  Reflect.deleteProperty(failure, 'spawnargs')
  return { type: 'notStarted', error: failure, isMissing: failure.code === 'ENOENT' }
}
