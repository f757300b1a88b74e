import { HardwareError } from '../../errors.ts'
import type { Conversation } from '../console/types.ts'
import { LinuxShell, type LinuxShellOptions } from './linux-shell.ts'
import { PromptShell, type PromptShellOptions } from './prompt-shell.ts'
import type { ShellOptions } from './types.ts'
import { UbootShell, type UbootShellOptions } from './uboot-shell.ts'
import { ZephyrShell, type ZephyrShellOptions } from './zephyr-shell.ts'

/** The kind of a shell: a name, or the prompt of any other shell. */
export type ShellKind = keyof Shells | Pick<PromptShellOptions, 'prompt'>

/** The shells with a name, and the options of each. */
export interface Shells {
  readonly linux: { readonly shell: LinuxShell; readonly options: LinuxShellOptions }
  readonly uboot: { readonly shell: UbootShell; readonly options: UbootShellOptions }
  readonly zephyr: { readonly shell: ZephyrShell; readonly options: ZephyrShellOptions }
}

/**
 * Waits until a shell answers on a console. Logs in, or stops autoboot, where the board asks for it.
 *
 * @throws HardwareError CONSOLE_TIMEOUT if it does not answer in time, UNAUTHENTICATED if it refuses the login,
 *   ARGUMENT_INVALID for an unknown kind
 *
 * @example
 * ```ts
 * const shell = await createShell(console, 'linux', { user: 'root', timeoutMs: 20_000 })
 * const { output } = await shell.run('uname -a')
 * ```
 */
export function createShell<Kind extends keyof Shells>(
  console: Conversation,
  kind: Kind,
  options?: Shells[Kind]['options'],
): Promise<Shells[Kind]['shell']>
export function createShell(
  console: Conversation,
  kind: Pick<PromptShellOptions, 'prompt'>,
  options?: ShellOptions,
): Promise<PromptShell>
export async function createShell(
  console: Conversation,
  kind: ShellKind,
  options: ShellOptions = {},
): Promise<Shells[keyof Shells]['shell'] | PromptShell> {
  const shell = begin(console, kind, options)
  await shell.enter({ timeoutMs: options.timeoutMs, signal: options.signal })
  return shell
}

function begin(console: Conversation, kind: ShellKind, options: ShellOptions) {
  if (typeof kind === 'object' && kind !== null) return new PromptShell(console, { ...options, prompt: kind.prompt })
  switch (kind) {
    case 'linux':
      return new LinuxShell(console, options)
    case 'uboot':
      return new UbootShell(console, options)
    case 'zephyr':
      return new ZephyrShell(console, options)
    default:
      throw new HardwareError(
        'ARGUMENT_INVALID',
        `There is no shell ${JSON.stringify(kind)}; there are linux, uboot, zephyr and { prompt: '…' }`,
      )
  }
}
