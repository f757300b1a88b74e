import { ConsoleBase } from './console/console-base.ts'
import type { ShellKind, Shells } from './shells/create-shell.ts'
import type { PromptShell } from './shells/prompt-shell.ts'
import type { ShellOptions } from './shells/types.ts'

/**
 * A conversation on a stream of bytes: a serial port, a network connection, a process. The console keeps everything that the
 * device prints, with the time of each piece. Reading takes nothing away.
 *
 * @example
 * ```ts
 * const console = new Console('gdb', () => client.stream('connect'))
 * await console.expect('(gdb) ')
 * await console.sendLine('info registers')
 * ```
 */
export class Console extends ConsoleBase {
  /**
   * Waits until a shell answers, and returns an object that runs commands in it. Logs in, or stops autoboot, where the board
   * asks for it.
   *
   * @param kind the kind of shell: `linux`, `uboot`, `zephyr`, or `{ prompt }` for any other
   * @throws HardwareError CONSOLE_TIMEOUT if the shell does not answer in time, UNAUTHENTICATED if it refuses the login
   *
   * @example
   * ```ts
   * const shell = await dut.console.shell('linux', { user: 'root' })
   * const { output, exitCode } = await shell.run('uname -a')
   * ```
   */
  shell<Kind extends keyof Shells>(kind: Kind, options?: Shells[Kind]['options']): Promise<Shells[Kind]['shell']>
  shell(kind: Exclude<ShellKind, string>, options?: ShellOptions): Promise<PromptShell>
  async shell(kind: ShellKind, options: ShellOptions = {}): Promise<Shells[keyof Shells]['shell'] | PromptShell> {
    const { createShell } = await import('./shells/create-shell.ts')
    return typeof kind === 'string' ? createShell(this, kind, options) : createShell(this, kind, options)
  }
}
