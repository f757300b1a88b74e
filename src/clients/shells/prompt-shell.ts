import { wallClock } from '../../base/clock.ts'
import type { Conversation, Mark, Pattern } from '../console/types.ts'
import { ConsoleShell, keys } from './console-shell.ts'
import type { Deadline } from './deadline.ts'
import { type Echo, findEcho } from './echoed.ts'
import { promptAtEnd } from './prompt-at-end.ts'
import type { CommandResult, ShellOptions } from './types.ts'

const answerMs = 1_000
/** Readline prints this behind the echo when it turns bracketed paste off (BRACK_PASTE_FINI in readline's rltty.h). */
const endOfPasting = '\x1b[?2004l\r'

/** Options of a shell with a known prompt. */
export interface PromptShellOptions extends ShellOptions {
  /** The text that it prints when it waits for a command. */
  readonly prompt: string | RegExp
}

/**
 * A shell of which only the prompt is known. The next prompt ends a command, so a command that prints the prompt seems to end
 * there. Commands have no exit code.
 */
export class PromptShell extends ConsoleShell<CommandResult<undefined>> {
  protected override readonly prompt: Pattern
  /** The prompt, if nothing follows. */
  readonly #last: RegExp

  constructor(console: Conversation, { prompt, ...options }: PromptShellOptions) {
    super(console, options)
    this.prompt = prompt
    this.#last = promptAtEnd(prompt)
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
    const started = wallClock()
    const typed = this.console.mark()
    await this.console.sendLine(command, { signal: deadline.signal })
    let before = ''
    for (;;) {
      const match = await this.console.expect(this.prompt, deadline.within())
      before += match.before
      const echo = findEcho(before + match.text, command)
      if (echo !== 'open') {
        const output = this.#outputOf(before, echo, typed)
        return { output, exitCode: undefined, durationMs: Math.max(0, match.time - started) }
      }
      // The command has the text of the prompt.
      before += match.text
    }
  }

  #outputOf(text: string, echo: Echo | undefined, typed: Mark): string {
    let output = text.slice(echo?.length ?? 0)
    const pasting = this.console.rawSince(typed).includes(endOfPasting)
    if (pasting && output.startsWith('\r')) output = output.slice(1)
    // The echo of a line that fills the terminal has a carriage return more (busybox).
    const lineEnd = echo !== undefined && output.includes(echo.lineEnd) ? echo.lineEnd : '\r\n'
    // Line editors return to the first column before they print the prompt.
    return output.replace(/(?<![^\n])\r+$/, '').replaceAll(lineEnd, '\n')
  }
}
