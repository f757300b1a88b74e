import type { Pattern } from '../console/types.ts'
import { splitKernelMessages } from './kernel-messages.ts'
import { promptAtEnd } from './prompt-at-end.ts'

/** The length from which a prompt is told from the output of a command on the same line, in characters. */
const distinctLength = 4

/** The prompt of a shell as it was seen last. Programs print what looks like a prompt, but hardly the same one. */
export class KnownPrompt {
  /** The prompt, if nothing follows; `undefined` if it cannot be known. */
  readonly pattern: RegExp | undefined
  #seen: string | undefined

  constructor(prompt: Pattern) {
    this.pattern = promptAtEnd(prompt)
  }

  /** Takes the prompt from output that ends with it. */
  learn(output: string): void {
    const line = lastLine(output)
    if (this.pattern?.test(line) === true) this.#seen = line
  }

  /**
   * @param output output that ends with what matches {@link pattern}
   * @param rest the beginning of what may be left on the line of the prompt: of a marker
   * @returns true if it ends with the prompt that was seen last, or with one that differs in its first word, as after `cd`
   */
  endsOf(output: string, rest: string): boolean {
    const line = lastLine(splitKernelMessages(output).text)
    const seen = this.#seen
    if (seen === undefined) return false
    const isAlone = line === seen || line.startsWith(rest) || seen.length >= distinctLength
    return (line.endsWith(seen) && isAlone) || (/^\S+ ?$/.test(line) && line.endsWith(seen.slice(-2)))
  }
}

function lastLine(text: string): string {
  return text.slice(Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1)
}
