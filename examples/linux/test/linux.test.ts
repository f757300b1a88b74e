import { expect, needs } from 'vitest-hardware'

import { login, virt } from '../board.ts'
import { missingPart } from './missing-part.ts'

const missing = missingPart()
// Linux boots before the first test. The boot takes several seconds; they do not count for a test's three (vitest.config.ts).
const state = missing === undefined ? 'linux' : undefined
const test = needs({ dut: { selector: 'board=virt', board: virt, ...(state && { state, resetBetween: 'test' }) } })

test.beforeEach(({ skip }) => skip(missing !== undefined, `this machine lacks ${missing}`))

test('runs commands', async ({ dut: { board } }) => {
  const shell = await board.console.shell('linux', login)
  const { output, exitCode } = await shell.run('uname -sm; ls /nowhere')
  expect(output).toMatch(/^Linux aarch64\nls: \/nowhere: No such file/)
  expect(exitCode).toBe(1)
  await expect(shell.runOrThrow('false')).rejects.toThrow('exit code 1')
})

test('is not confused by prompts and kernel messages in the output', async ({ dut: { board } }) => {
  const shell = await board.console.shell('linux', login)
  const result = await shell.run("echo 'from the kernel' >/dev/kmsg; printf 'one\\n# two\\n'")
  expect(result).toMatchObject({ output: 'one\n# two\n', exitCode: 0 })
  expect(result.kernelMessages).toEqual([expect.stringContaining('from the kernel')])
})

test('a kernel panic ends every wait at once', async ({ dut: { board } }) => {
  const shell = await board.console.shell('linux', login)
  const failed = { code: 'GUARD_TRIPPED', origin: 'firmware', message: expect.stringMatching('sysrq triggered crash') }
  await Promise.all([
    expect(board.console.reader().expect('what never comes')).rejects.toMatchObject(failed),
    expect(shell.run('echo c >/proc/sysrq-trigger')).rejects.toMatchObject(failed),
  ])
})

test('runs a program that was uploaded, also after a panic', { timeout: 20_000 }, async ({ dut: { board } }) => {
  const shell = await board.console.shell('linux', login)
  await shell.upload(Buffer.from('#!/bin/sh\nsort -r "$1"\n'), '/tmp/sorted', { mode: 0o755 })
  await shell.upload(Buffer.from('a\nb\nc\n'), '/tmp/lines')
  await shell.runOrThrow('/tmp/sorted /tmp/lines >/tmp/result')
  expect((await shell.download('/tmp/result')).toString()).toBe('c\nb\na\n')
})

test('can be left, and is there again', { timeout: 20_000 }, async ({ dut: { board, states } }) => {
  await board.console.shell('linux', login).then((shell) => shell.runOrThrow('echo mine >/tmp/mine'))
  await states.to('uboot')
  await states.to('linux')
  const shell = await board.console.shell('linux', login)
  expect((await shell.run('cat /tmp/mine')).exitCode).toBe(1)
})
