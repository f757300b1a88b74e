import { randomBytes } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'

import { linuxImages } from '../../scripts/make-linux-images.ts'
import type { LinuxShell } from '../../src/clients/index.ts'
import { linuxArgs, needsLinux, startQemuBoard } from '../support/qemu-board.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

const { user, password } = linuxImages
let board: Awaited<ReturnType<typeof startQemuBoard>> | undefined
let shell: LinuxShell

// One board for all tests: a boot takes seconds.
beforeEach(async ({ skip }) => {
  needsLinux(skip)
  if (board !== undefined) return
  board = await startQemuBoard(linuxArgs)
  shell = await board.console.shell('linux', { user, password })
})
afterAll(() => board?.[Symbol.asyncDispose]())

test('a hundred commands, with prompts in their output and kernel messages in between', async () => {
  const kernelMessages: string[] = []
  for (let n = 0; n < 100; n++) {
    // A message for the kernel's log comes out of turn, somewhere in the output.
    const command = n % 10 === 3 ? `printf 'line ${n}\\n# '; echo 'message ${n}' >/dev/kmsg` : `printf 'line ${n}\\n# '`
    const result = await shell.run(`${command}; printf '\\n'; (exit ${n})`)
    expect(result).toMatchObject({ output: `line ${n}\n# \n`, exitCode: n })
    kernelMessages.push(...result.kernelMessages)
  }
  expect(kernelMessages.map((message) => message.replace(/^\[.*?\] /, ''))).toEqual(
    [3, 13, 23, 33, 43, 53, 63, 73, 83, 93].map((n) => `message ${n}`),
  )
})

test('kernel messages at any place, also in what tells that a command has ended', async () => {
  await shell.run('(while :; do echo tick >/dev/kmsg; done) & ticks=$!')
  let seen = 0
  for (let n = 0; n < 30; n++) {
    const { output, exitCode, kernelMessages } = await shell.run(`echo ${'x'.repeat(n)}; (exit ${n})`)
    expect({ output, exitCode }).toEqual({ output: `${'x'.repeat(n)}\n`, exitCode: n })
    seen += kernelMessages.length
  }
  await shell.run('kill $ticks')
  expect(seen).toBeGreaterThan(0)
})

test('what the kernel has logged can be read', async () => {
  const { output, kernelMessages } = await shell.run('dmesg | head -n 3', { keepKernelMessages: true })
  // What came first may have been pushed out of the kernel's buffer by now.
  expect(output).toMatch(/^(?:\[ *\d+\.\d{6}\] .*\n){3}$/)
  expect(kernelMessages).toEqual([])
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
