import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'

import { linuxImages } from '../../scripts/make-linux-images.ts'
import type { LinuxShell } from '../../src/clients/index.ts'
import { runManyCommands, withoutKernelMessages } from './many-commands.ts'
import { linuxArgs, needsLinux, startQemuBoard } from '../support/qemu-board.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 240_000 })

const { user, password } = linuxImages
/** Ctrl-S and Ctrl-Q, which stop and start the output of a terminal. */
const [stopTerminal, startTerminal] = ['\x13', '\x11']
let board: Awaited<ReturnType<typeof startQemuBoard>> | undefined
let shell: LinuxShell

// One board for all tests.
beforeEach(async ({ skip }) => {
  needsLinux(skip)
  if (board !== undefined) return
  board = await startQemuBoard(linuxArgs)
  // A boot takes seconds on a quiet machine, and minutes on a busy one.
  shell = await board.console.shell('linux', { user, password, timeoutMs: 200_000 })
})
afterAll(() => board?.[Symbol.asyncDispose]())

test('many commands, with prompts in their output and kernel messages in between', () => runManyCommands(shell, 14))

test('kernel messages at any place, also in what tells that a command has ended', async () => {
  await shell.run('(while :; do echo tick >/dev/kmsg; done) & ticks=$!')
  let seen = 0
  for (let n = 0; n < 15; n++) {
    const { output, exitCode, kernelMessages } = await shell.run(`echo ${'x'.repeat(n)}; (exit ${n})`)
    expect({ output: withoutKernelMessages(output), exitCode }).toEqual({ output: `${'x'.repeat(n)}\n`, exitCode: n })
    seen += kernelMessages.length
  }
  await shell.run('kill $ticks')
  expect(seen).toBeGreaterThan(0)
})

test('a job in the background that ends while the shell prints the end of a command does no harm', async () => {
  const output = board!.console.reader({ from: 'end' })
  // The second job fills the terminal's buffer while the terminal is stopped, so the shell has to wait when it prints the end.
  const running = shell.run('echo begun; sleep 2 & (sleep 0.5; yes | head -n 4000) & sleep 1')
  await output.expect('begun\r\n')
  await board!.console.send(stopTerminal)
  await delay(3_500)
  await board!.console.send(startTerminal)
  const { output: printed, exitCode } = await running
  expect(printed).toMatch(/^begun\n/)
  expect(exitCode).toBe(0)
  await shell.run('wait')
})

test('what the kernel has logged can be read', async () => {
  const { output, kernelMessages } = await shell.run('dmesg | head -n 3', { keepKernelMessages: true })
  // The first messages may have left the kernel's buffer by now.
  expect(output).toMatch(/^(?:\[ *\d+\.\d{6}\] .*\n){3}$/)
  expect(kernelMessages).toEqual([])
  expect(await shell.runOrThrow('dmesg | head -n 3')).toMatch(/^(?:\[ *\d+\.\d{6}\] .*\n?){3}$/)
})

test('a program is uploaded and run, and its result downloaded', async () => {
  await shell.upload(Buffer.from('#!/bin/sh\ntr a-z A-Z <"$1"\n'), '/tmp/upper', { mode: 0o755 })
  const content = randomBytes(4_001)
  await shell.upload(content, '/tmp/content')
  expect(await shell.download('/tmp/content')).toEqual(content)
  expect(await shell.runOrThrow('echo hello >/tmp/in; /tmp/upper /tmp/in')).toBe('HELLO')
})

test('what takes too long is interrupted', async () => {
  await expect(shell.run('sleep 60', { timeoutMs: 300 })).rejects.toThrow('It was interrupted')
  await expect(shell.run('cat', { timeoutMs: 300 })).rejects.toThrow('It was interrupted')
  expect(await shell.runOrThrow('echo fine')).toBe('fine')
})

test('long commands, here-documents and UTF-8 come through the line editor', async () => {
  const long = Array.from({ length: 300 }, (_, index) => `wörd${index}`).join(' ')
  expect(await shell.runOrThrow(`cat <<'END'\n${long}\n\t$HOME !!\nEND`)).toBe(`${long}\n\t$HOME !!`)
})

describe('the login', () => {
  test('happens again after a logout', async () => {
    await shell.leave('exit')
    expect(await shell.runOrThrow('id -un')).toBe('root')
  })

  test('with a wrong password is refused', async () => {
    await shell.leave('exit')
    const refused = board!.console.shell('linux', { user, password: 'wrong' })
    await expect(refused).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(await shell.runOrThrow('id -un')).toBe('root')
  })
})

test('a kernel panic ends a command at once', async () => {
  const panicking = shell.run('echo c >/proc/sysrq-trigger')
  await expect(panicking).rejects.toMatchObject({ code: 'GUARD_TRIPPED', message: expect.stringContaining('panic') })
})
