import { expect } from 'vitest'

import type { LinuxShell } from '../../src/clients/index.ts'

const kernelMessage = /\[ *\d+\.\d{6}\](?:\[ *[CT]\d+\])? [^\n]*\n/g

/** Runs commands with prompts in their output, and a kernel message somewhere in every tenth. */
export async function runManyCommands(shell: LinuxShell, count: number): Promise<void> {
  const messages: string[] = []
  for (let n = 0; n < count; n++) {
    const message = n % 10 === 3 ? `; echo 'message ${n}' >/dev/kmsg` : ''
    const { output, exitCode, kernelMessages } = await shell.run(
      `printf 'line ${n}\\n# '${message}; printf '\\n'; (exit ${n % 256})`,
    )
    expect({ output: withoutKernelMessages(output), exitCode }).toEqual({
      output: `line ${n}\n# \n`,
      exitCode: n % 256,
    })
    messages.push(...kernelMessages, ...(output.match(kernelMessage) ?? []).map((line) => line.trimEnd()))
  }
  const expected = Array.from({ length: count }, (_, n) => n).filter((n) => n % 10 === 3)
  expect(messages.map((message) => message.replace(/^\[.*?\] /, ''))).toEqual(expected.map((n) => `message ${n}`))
}

/** Takes out the kernel messages that came in the middle of a line, which a shell leaves in the output. */
export function withoutKernelMessages(output: string): string {
  return output.replaceAll(kernelMessage, '')
}
