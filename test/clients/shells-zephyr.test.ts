import { expect, test } from 'vitest'

import { Console } from '../../src/clients/index.ts'
import { createZephyrConsole, type ZephyrCommands } from '../support/zephyr-console.ts'

async function start(commands: ZephyrCommands) {
  const { line, log } = createZephyrConsole(commands)
  const console = new Console('zephyr', async () => line)
  return { log, shell: await console.shell('zephyr', { timeoutMs: 5_000, runTimeoutMs: 5_000 }) }
}

const kernel: ZephyrCommands = (command, print) => {
  if (command === 'kernel version') print('Zephyr version 3.7.0')
  else if (command === 'show prompt') print('uart:~$ retval\r\n0\r\nuart:~$ ')
  else if (command === 'sensor get') return -5
  else return undefined
  return 0
}

test('gives the output and what a command returned', async () => {
  const { shell } = await start(kernel)
  expect(await shell.run('kernel version')).toMatchObject({ output: 'Zephyr version 3.7.0\n', exitCode: 0 })
  expect(await shell.run('sensor get')).toMatchObject({ output: '', exitCode: -5 })
  expect(await shell.run('nosuch thing')).toMatchObject({ output: 'nosuch: command not found\n', exitCode: -8 })
  await expect(shell.runOrThrow('sensor get')).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
})

test('output that looks like its own is output', async () => {
  const { shell } = await start(kernel)
  const { output } = await shell.run('show prompt')
  expect(output).toBe('uart:~$ retval\n0\nuart:~$ \n')
})

test('log messages are set apart', async () => {
  let logs: ((message: string) => void) | undefined
  const { log, shell } = await start((command, print) => {
    if (command !== 'anything') return undefined
    print('done')
    // The message comes when the prompt is there again.
    queueMicrotask(() => logs?.('main: it works'))
    return 0
  })
  logs = log
  const { output, exitCode, logMessages } = await shell.run('anything')
  expect({ output, exitCode }).toEqual({ output: 'done\n', exitCode: 0 })
  expect(logMessages).toEqual(['[00:00:01.234,000] <inf> main: it works'])
})

test('a command that cannot be typed is an error', async () => {
  const { shell } = await start(kernel)
  await expect(shell.run('a\nb')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  expect(await shell.run('kernel version')).toMatchObject({ exitCode: 0 })
})
