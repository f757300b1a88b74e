import type { Conversation, Pattern } from '../console/types.ts'
import { ConsoleShell, keys } from './console-shell.ts'
import type { Deadline } from './deadline.ts'
import { afterEcho } from './echoed.ts'
import type { CommandResult, ShellOptions } from './types.ts'

const answerMs = 1_000

/** How a shell is begun of which only the prompt is known. */
export interface PromptShellOptions extends ShellOptions {
  /** What it prints when it waits for a command. */
  readonly prompt: string | RegExp
}

/**
 * A shell of which only the prompt is known. The next prompt ends a command, so a command that prints the prompt is taken
 * to have ended there; and there is no exit code.
 */
export class PromptShell extends ConsoleShell<CommandResult<undefined>> {
  protected override readonly prompt: Pattern
  /** The prompt, when nothing follows. */
  readonly #last: RegExp

  constructor(console: Conversation, { prompt, ...options }: PromptShellOptions) {
    super(console, options)
    this.prompt = prompt
    const { source, flags } = typeof prompt === 'string' ? new RegExp(escapeExpression(prompt)) : prompt
    this.#last = new RegExp(String.raw`(?:${source})(?![\s\S])`, flags)
  }

  protected override async reach(deadline: Deadline): Promise<void> {
    this.console.skip()
    while (!(await this.answers(deadline))) await this.console.send(keys.interrupt)
  }

  protected override async answers(deadline: Deadline): Promise<boolean> {
    await this.console.send(keys.enter)
    return (await this.see([this.#last], answerMs, deadline)) !== undefined
  }

  protected override async execute(command: string, deadline: Deadline): Promise<CommandResult<undefined>> {
    const started = Date.now()
    await this.console.sendLine(command, { signal: deadline.signal })
    const { before, time } = await this.console.expect(this.prompt, deadline.within())
    const output = afterEcho(before, command).replaceAll('\r\n', '\n')
    return { output, exitCode: undefined, durationMs: Math.max(0, time - started) }
  }
}

function escapeExpression(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
}
