import { describe, test, type TestContext, vi } from 'vitest'

import { BadLine } from '../support/bad-line.ts'
import { startOnPty } from '../support/shell-on-pty.ts'
import { needsCommand } from '../support/system-part.ts'

// Each lost end takes half a second of silence.
vi.setConfig({ testTimeout: 30_000 })

async function start(command: string, damage: (marker: string) => string, { skip, onTestFinished }: TestContext) {
  needsCommand('socat', skip)
  const line = new BadLine(damage)
  const pty = startOnPty(command, { damage: line })
  onTestFinished(() => pty[Symbol.asyncDispose]())
  await pty.console.reader().expect('$ ')
  const shell = await pty.console.shell('linux', { timeoutMs: 10_000 })
  return { line, shell }
}

const damages = {
  lost: () => '',
  'lost but for the end of its line': () => '\r\n',
  'cut after six characters': (marker: string) => marker.slice(0, 6),
  'without its middle': (marker: string) => marker.slice(0, 8) + marker.slice(11),
  'with a wrong character': (marker: string) => `${marker.slice(0, 9)}\x7e${marker.slice(10)}`,
}

describe.concurrent.each(['dash -i', 'bash --norc --noprofile -i'])('%s', (program) => {
  test.for(Object.entries(damages))(
    'a command whose end is %s is found out, with its exit code',
    async ([, damage], context) => {
      const { expect } = context
      const { line, shell } = await start(program, damage, context)
      await shell.run('true')
      // The begin, the end, and the first answer to the question for the exit code.
      const running = shell.run('sleep 0.1; echo first; (exit 7)')
      line.next = 3
      const { output, exitCode } = await running
      expect(exitCode).toBe(7)
      expect(output).toMatch(/^\s?\S*first\n/)
      expect(line.next).toBe(0)
      expect(await shell.run('echo fine')).toMatchObject({ output: 'fine\n', exitCode: 0 })
    },
  )
})

test.concurrent('a program that prints what looks like a prompt, and pauses, is not disturbed', async (context) => {
  const { shell } = await start('dash -i', (marker) => marker, context)
  const { expect } = context
  const { output, exitCode } = await shell.run(
    'printf "half: 50 %% "; sleep 1.5; printf "$ "; sleep 0.2; echo done; (exit 4)',
  )
  expect({ output, exitCode }).toEqual({ output: 'half: 50 % $ done\n', exitCode: 4 })
  expect(await shell.run('echo next')).toMatchObject({ output: 'next\n', exitCode: 0 })
})

test.concurrent('the first command of a shell is typed in pieces, of which none is lost for long', async (context) => {
  const { line, shell } = await start('dash -i', () => '', context)
  const { expect } = context
  await shell.enter()
  const long = "it's ".repeat(400)
  const running = shell.run(`echo "${long}"`)
  line.next = 1
  expect(await running).toMatchObject({ output: `${long}\n`, exitCode: 0 })
  expect(line.next).toBe(0)
})
