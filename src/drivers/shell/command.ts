import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

import { onAbort } from '../../base/abort.ts'
import { missingProgram } from '../../base/missing-program.ts'
import { type ProcessEnd, ProcessGroup } from '../../base/process-group.ts'
import { HardwareError, messageOf } from '../../errors.ts'

/** The time between SIGTERM and SIGKILL, in milliseconds, as in Jumpstarter's driver. */
const killAfterMs = 5_000
/** The longest that the output of an ended command may take to be read, in milliseconds. */
const drainTimeoutMs = 1_000

/** The command and its surroundings. */
export interface CommandOptions {
  /** The program and its arguments. No shell reads them. */
  readonly argv: readonly [string, ...string[]]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string | undefined
}

/**
 * A running command, in a process group for itself, so that the processes it starts end with it. It has no input. Its output is
 * taken from its pipes only as it is read, so a slow reader makes the command wait.
 */
export class Command {
  readonly #program: string
  readonly #group: ProcessGroup
  readonly #streams: readonly { readonly pipe: Readable; readonly decoder: StringDecoder }[]
  #end: ProcessEnd | undefined
  #isClosed = false
  #wake: () => void = () => undefined

  /** Starts the command. {@link output} fails where that is not possible. */
  static async start({ argv, env, cwd }: CommandOptions): Promise<Command> {
    return new Command(argv[0], await ProcessGroup.start(argv, { env, cwd, killAfterMs, drainTimeoutMs }))
  }

  private constructor(program: string, group: ProcessGroup) {
    this.#program = program
    this.#group = group
    const pipes = group.pipes.filter((pipe) => pipe !== undefined)
    this.#streams = pipes.map((pipe) => ({ pipe, decoder: new StringDecoder() }))
    const wake = () => this.#wake()
    for (const { pipe } of this.#streams) pipe.on('readable', wake).on('end', wake).on('error', wake)
    void group.exited.then((end) => {
      this.#end = end
      wake()
    })
    void group.closed.then(() => {
      this.#isClosed = true
      wake()
    })
  }

  /**
   * The output as it comes, text of both pipes each time, until both are closed and the command has ended. A process that
   * the command leaves in the background counts as long as it holds a pipe.
   *
   * @throws HardwareError PROGRAM_MISSING without the shell, DEVICE_IO when the command cannot be started
   */
  async *output(signal: AbortSignal): AsyncGenerator<readonly [stdout: string, stderr: string], void, void> {
    const stopListening = onAbort(signal, () => this.#wake())
    try {
      while (!signal.aborted) {
        const woken = new Promise<void>((resolve) => (this.#wake = resolve))
        const [stdout = '', stderr = ''] = this.#streams.map(({ pipe, decoder }) => {
          const chunk = pipe.read() as Buffer | null
          return chunk === null ? (pipe.readableEnded ? decoder.end() : '') : decoder.write(chunk)
        })
        if (stdout !== '' || stderr !== '') yield [stdout, stderr]
        else if (this.#end?.type === 'notStarted') throw startError(this.#program, this.#end)
        else if (this.#isClosed && this.#end !== undefined) return
        else await woken
      }
    } finally {
      stopListening()
      for (const { pipe } of this.#streams) pipe.destroy()
    }
  }

  /** The exit code, as Python gives it: for a signal its number, negative. */
  get exitCode(): number {
    if (this.#end?.type === 'exited') return this.#end.exitCode
    return -constants.signals[this.#end?.type === 'signalled' ? this.#end.signal : 'SIGKILL']
  }

  /** Ends the whole group: SIGTERM, and after five seconds SIGKILL for the processes that are left. */
  end(): Promise<void> {
    return this.#group.end()
  }
}

function startError(program: string, { error: cause, isMissing }: ProcessEnd & { type: 'notStarted' }): HardwareError {
  if (isMissing) return missingProgram(program, { install: 'install it, or name another one in `shell`', cause })
  return new HardwareError('DEVICE_IO', `Cannot run the command: ${messageOf(cause)}`, { cause, origin: 'lab' })
}
