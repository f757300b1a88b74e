import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'

/** A program that writes for a while, and tells what it learns of its output. */
const program = `
  import { setTimeout as delay } from 'node:timers/promises'
  import { surviveClosedOutput } from '${new URL('../../src/base/closed-output.ts', import.meta.url).href}'
  surviveClosedOutput((error) => console.error(error.code))
  for (let time = 0; time < 3; time++) {
    console.log('a line')
    await delay(20)
  }
  console.error('goes on')`
const args = ['--input-type=module', '--eval', program]

test('a full disk is told once, and the program goes on', ({ skip }) => {
  skip(process.platform !== 'linux', '/dev/full is a device of Linux')
  const full = openSync('/dev/full', 'w')
  onTestFinished(() => closeSync(full))
  const { stderr } = spawnSync(process.execPath, args, { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' })
  expect(stderr).toBe('ENOSPC\ngoes on\n')
})

test('a reader that has gone is not told, and the program goes on', async () => {
  const running = execa(process.execPath, args)
  running.stdout.destroy()
  expect((await running).stderr).toBe('goes on')
})
