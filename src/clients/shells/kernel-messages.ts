/**
 * The beginning of a message of the Linux kernel: the seconds since the start, in at least five characters and with six decimals,
 * and, if the kernel is built so, the CPU or the task, in at least six characters (print_time and print_caller in
 * kernel/printk/printk.c).
 */
const frame =
  String.raw`\[(?: {4}\d| {3}\d{2}| {2}\d{3}| \d{4}|\d{5,10})\.\d{6}\]` +
  String.raw`(?:\[(?: {4}[CT]\d| {3}[CT]\d{2}| {2}[CT]\d{3}| [CT]\d{4}|[CT]\d{5,10})\])? `
const message = String.raw`${frame}[^\n]*\n`
const messages = new RegExp(message, 'g')
const messageLines = new RegExp(`(?<![^\\n])${message}`, 'g')
const framed = new RegExp(`^${frame}`)

/** The source of a regular expression for any number of kernel messages. */
export const kernelMessagesHere = `(?:${message})*`

/** A text, and the kernel messages that were taken out of it. */
export interface SplitText {
  readonly text: string
  readonly kernelMessages: readonly string[]
}

/**
 * Takes the kernel messages out of a text that cannot have any itself, such as a marker or base64. The kernel writes a message and
 * its end of line in one go, but at any place between the characters of programs.
 */
export function splitKernelMessages(text: string): SplitText {
  return split(text, messages)
}

/** Takes the lines that are kernel messages out of the output of a program. No line of the program changes. */
export function splitKernelLines(text: string): SplitText {
  return split(text, messageLines)
}

/** @returns true for a line that the kernel has printed, by the beginning of the line */
export function isKernelLine(lineStart: string): boolean {
  return framed.test(lineStart)
}

function split(text: string, taken: RegExp): SplitText {
  const kernelMessages: string[] = []
  const rest = text.replace(taken, (line) => {
    kernelMessages.push(line.trimEnd())
    return ''
  })
  return { text: rest, kernelMessages }
}
