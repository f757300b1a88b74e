import { anySignal } from '../../base/abort.ts'
import { HardwareError } from '../../errors.ts'
import { Shell } from '../../interfaces/shell.ts'
import { labelOf } from '../client-node.ts'
import { DriverClient } from '../driver-client.ts'

/** Options of a command. */
export interface ShellRunOptions {
  /** The arguments, which the command has as `$1`, `$2` … */
  readonly args?: readonly string[] | undefined
  /** Variables that are added to the exporter's environment. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Ends the command when it is aborted. */
  readonly signal?: AbortSignal | undefined
}

/** A piece of a command's output. */
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
  /** 199 if the command's time limit has ended it, and the negative number of the signal if a signal has ended it. */
  readonly exitCode: number
}

/** Runs commands on the exporter's machine that the exporter file lists. */
export class ShellClient extends DriverClient<typeof Shell> {
  static readonly interface = Shell

  /** Reads the names of the commands. Their descriptions are in `node.report.methodsDescription`. */
  methods(): Promise<string[]> {
    return this.call('getMethods')
  }

  /**
   * Runs a command to its end. An exit code other than 0 is no error.
   *
   * @param options.onOutput gets each piece of the output as it comes
   * @throws HardwareError ARGUMENT_INVALID for a command that the exporter file does not list, or a variable that clients may not set
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
    throw new HardwareError(
      'PROTOCOL_VIOLATION',
      `${labelOf(this.node, 'shell')}: '${name}' ended without an exit code`,
    )
  }

  /** Runs a command and gives its output as it comes. Leaving the loop ends the command. */
  async *follow(name: string, { args = [], env = {}, signal }: ShellRunOptions = {}): AsyncGenerator<ShellChunk> {
    const client = this.with({ signal: anySignal(signal, this.limits().signal) })
    for await (const [stdout, stderr, exitCode] of client.streamingCall('callMethod', name, env, ...args)) {
      yield { stdout, stderr, exitCode: exitCode ?? undefined }
    }
  }
}
