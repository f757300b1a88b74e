import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as delay } from 'node:timers/promises'

import { HardwareError, messageOf } from '../../errors.ts'

/** How long a command has to end by itself after SIGTERM, in milliseconds, as upstream's driver has it. */
const termMs = 5_000
/** How often to look whether a process group is gone, in milliseconds; nothing tells. */
const lookMs = 20

/** How long the output of an ended command may take to be read, in milliseconds. */
const lastWordsMs = 1_000

/** What to run, where and with what. */
export interface CommandOptions {
  /** The program and its arguments, which no shell looks at. */
  readonly argv: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string | undefined
}

/**
 * A running command, in a process group of its own so that what it starts ends with it. It has no input. Its output is
 * taken from its pipes only as it is read, so a reader that waits makes the command wait.
 */
export class Command {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #streams: readonly { readonly pipe: Readable; readonly decoder: StringDecoder }[]
  #failure: Error | undefined
  readonly #closed: Promise<void>
  #isClosed = false
  #ending: Promise<void> | undefined
  #wake: () => void = () => undefined

  constructor({ argv: [program = '', ...args], env, cwd }: CommandOptions) {
    this.#child = spawn(program, args, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#streams = [this.#child.stdout, this.#child.stderr].map((pipe) => ({ pipe, decoder: new StringDecoder() }))
    const wake = () => this.#wake()
    for (const { pipe } of this.#streams) pipe.on('readable', wake).on('end', wake).on('error', wake)
    this.#child.on('error', (error) => {
      this.#failure = error
      wake()
    })
    this.#closed = new Promise((resolve) => {
      this.#child.on('close', () => {
        this.#isClosed = true
        resolve()
        wake()
      })
    })
  }

  /**
   * The output as it comes, text of both pipes each time, until both are closed and the command has ended. What the
   * command leaves running in the background counts as long as it holds a pipe.
   *
   * @throws HardwareError DEVICE_IO when the command cannot be started
   */
  async *output(signal: AbortSignal): AsyncGenerator<readonly [stdout: string, stderr: string], void, void> {
    const abort = () => this.#wake()
    signal.addEventListener('abort', abort, { once: true })
    try {
      while (!signal.aborted) {
        const woken = new Promise<void>((resolve) => (this.#wake = resolve))
        const [stdout = '', stderr = ''] = this.#streams.map(({ pipe, decoder }) => {
          const chunk = pipe.read() as Buffer | null
          return chunk === null ? (pipe.readableEnded ? decoder.end() : '') : decoder.write(chunk)
        })
        if (stdout !== '' || stderr !== '') yield [stdout, stderr]
        else if (this.#failure !== undefined) throw this.#explain(this.#failure)
        else if (this.#isClosed) return
        else await woken
      }
    } finally {
      signal.removeEventListener('abort', abort)
      this.#release()
    }
  }

  /** The exit code, as Python gives it: for a signal its number, negative. */
  get exitCode(): number {
    const { exitCode, signalCode } = this.#child
    return exitCode ?? -(constants.signals[signalCode ?? 'SIGKILL'] ?? 0)
  }

  /** Ends the whole group: SIGTERM, and SIGKILL for what is left after five seconds. */
  end(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end(): Promise<void> {
    const deadline = performance.now() + termMs
    this.#kill('SIGTERM')
    while (this.#kill(0)) {
      if (performance.now() > deadline) {
        this.#kill('SIGKILL')
        break
      }
      await delay(lookMs)
    }
    // Whoever reads gets the last words; but something that has left the group may hold the pipes for ever.
    await Promise.race([this.#closed, delay(lastWordsMs, undefined, { ref: false })])
    this.#release()
  }

  #release(): void {
    for (const { pipe } of this.#streams) pipe.destroy()
  }

  /** @returns whether there is such a group */
  #kill(signal: NodeJS.Signals | 0): boolean {
    if (this.#child.pid === undefined) return false
    try {
      return process.kill(-this.#child.pid, signal)
    } catch {
      return false
    }
  }

  #explain(cause: Error): HardwareError {
    return new HardwareError('DEVICE_IO', `Cannot run the command: ${messageOf(cause)}`, { cause, origin: 'lab' })
  }
}
