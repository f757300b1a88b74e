import { HardwareError } from '../errors.ts'
import { Shell } from '../interfaces/shell.ts'
import { DriverClient } from './driver-client.ts'

/** What a command is run with. */
export interface ShellRunOptions {
  /** What the command has as `$1`, `$2` … */
  readonly args?: readonly string[]
  /** Variables for its environment, besides the exporter's. */
  readonly env?: Readonly<Record<string, string>>
  /** Ends the command when it is aborted. */
  readonly signal?: AbortSignal
}

/** A piece of a command's output, as it came. */
export interface ShellChunk {
  readonly stdout: string
  readonly stderr: string
  /** Set in the last piece. */
  readonly exitCode: number | undefined
}

/** A command that has ended. */
export interface ShellResult {
  readonly stdout: string
  readonly stderr: string
  /** 199 for one that ran out of time, and the number of a signal, negative, for one that a signal ended. */
  readonly exitCode: number
}

/** Runs commands of the exporter's machine that its configuration names. */
export class ShellClient extends DriverClient<typeof Shell> {
  static readonly interface = Shell

  /** The names of the commands. What each does is in `node.report.methodsDescription`. */
  methods(): Promise<string[]> {
    return this.call('getMethods')
  }

  /**
   * Runs a command to its end. An exit code other than 0 is no error.
   *
   * @param options.onOutput is given each piece of the output as it comes
   * @throws HardwareError ARGUMENT_INVALID for a command that is not there, or a variable that may not be set
   *
   * @example
   * ```ts
   * const { exitCode, stderr } = await dut.tools.run('usb_reset', { args: ['3'] })
   * expect(exitCode, stderr).toBe(0)
   * ```
   */
  async run(
    name: string,
    { onOutput, ...options }: ShellRunOptions & { readonly onOutput?: (chunk: ShellChunk) => void } = {},
  ): Promise<ShellResult> {
    const all = { stdout: '', stderr: '' }
    for await (const chunk of this.follow(name, options)) {
      onOutput?.(chunk)
      all.stdout += chunk.stdout
      all.stderr += chunk.stderr
      if (chunk.exitCode !== undefined) return { ...all, exitCode: chunk.exitCode }
    }
    throw new HardwareError('PROTOCOL_VIOLATION', `${this.node.path || 'shell'}: '${name}' ended without an exit code`)
  }

  /** Runs a command and gives its output as it comes. Leaving the loop ends the command. */
  async *follow(name: string, { args = [], env = {}, signal }: ShellRunOptions = {}): AsyncGenerator<ShellChunk> {
    const outer = this.limits().signal
    const signals = [signal, outer].filter((given) => given !== undefined)
    const client = signals.length === 0 ? this : this.with({ signal: AbortSignal.any(signals) })
    for await (const [stdout, stderr, exitCode] of client.streamingCall('callMethod', name, env, ...args)) {
      yield { stdout, stderr, exitCode: exitCode ?? undefined }
    }
  }
}
