/**
 * A line of the Linux kernel: seconds since the start with six decimals, and which CPU or task it was where the kernel is
 * built to say so (print_time and print_caller in kernel/printk/printk.c).
 */
const message = String.raw`\[ {0,5}\d{1,9}\.\d{6}\](?:\[ {0,6}[CT]\d+\])? [^\n]*\n`
const messages = new RegExp(message, 'g')

/** Where kernel messages may stand in the source of a regular expression. */
export const kernelMessagesHere = `(?:${message})*`

/**
 * Takes the kernel's messages out of a program's output. The kernel writes a message with its end of line in one go, but at
 * any place of what programs print.
 */
export function splitKernelMessages(text: string): { readonly text: string; readonly kernelMessages: string[] } {
  const kernelMessages: string[] = []
  const rest = text.replace(messages, (line) => {
    kernelMessages.push(line.trimEnd())
    return ''
  })
  return { text: rest, kernelMessages }
}
