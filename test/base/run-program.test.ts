import { inspect } from 'node:util'
import { expect, test } from 'vitest'

import { runProgram } from '../../src/base/run-program.ts'
import { HardwareError } from '../../src/errors.ts'

const node = process.execPath

test('runs a program without a shell, with its input, and returns its output', async () => {
  const script = 'process.stdin.pipe(process.stdout); console.error(process.argv[1])'
  const lines: string[] = []
  const result = await runProgram([node, '-e', script, '$(echo "no"); `shell`'], {
    input: 'one\ntwo\n',
    receiveLine: (line) => lines.push(line),
  })
  expect(result).toEqual({ stdout: 'one\ntwo\n', stderr: '$(echo "no"); `shell`\n', exitCode: 0 })
  expect(lines.toSorted()).toEqual(['$(echo "no"); `shell`', 'one', 'two'])
})

test('a failure shows the last lines and no secret', async () => {
  const script = 'for (let i = 0; i < 30; i++) console.error(`line ${i} hunter2`); process.exitCode = 3'
  const failure = await runProgram([node, '-e', script], { secrets: ['hunter2'] }).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'DEVICE_IO', shortMessage: `${node} failed with exit code 3` })
  expect(String(failure)).toContain('line 29 ***')
  expect(String(failure)).not.toMatch(/hunter2|line 19 /)
  await expect(runProgram([node, '-e', 'process.exit(3)'], { exitCodes: [0, 3] })).resolves.toMatchObject({
    exitCode: 3,
  })
})

test('a secret of several lines, or in a line that is cut, is hidden, too; the last lines are facts of the error', async () => {
  const secrets = ['zq81\nzq82', 'zq83hunter2', '']
  const script = `console.error('zq81\\nzq82\\n' + 'x'.repeat(296) + 'zq83hunter2'); process.exitCode = 3`
  const failure = runProgram([node, '-e', script], { secrets })
  await expect(failure).rejects.toMatchObject({
    message: expect.not.stringMatching(/zq8/),
    details: { output: ['***', expect.stringMatching(/^x{290,296}/)] },
  })
})

test('a missing program does not show its arguments', async () => {
  const error: unknown = await runProgram(['no-such-tool', 'hunter2']).catch((failure: unknown) => failure)
  expect(inspect(error)).not.toContain('hunter2')
})

test('a missing program says how to install it', async () => {
  await expect(runProgram(['no-such-tool'], { install: 'apt install no-such-tool' })).rejects.toMatchObject({
    code: 'PROGRAM_MISSING',
    origin: 'lab',
    message: 'The program no-such-tool is not installed: apt install no-such-tool',
  })
})

test('a missing folder is not taken for a missing program', async () => {
  await expect(runProgram(['true'], { cwd: '/no/such/folder' })).rejects.toMatchObject({
    code: 'DEVICE_IO',
    origin: 'lab',
    message: 'true cannot be started: there is no folder /no/such/folder (cwd)',
  })
})

test('the time limit and the signal end the program with all that it has started', async () => {
  // The shell's child keeps the pipe open until it is ended, too.
  let pid = 0
  const run = (script: string, options: object) =>
    runProgram(['sh', '-c', `echo $$; ${script}`], { receiveLine: (line) => (pid = Number(line)), ...options })
  await expect(run('sleep 60 & wait', { timeoutMs: 200 })).rejects.toMatchObject({
    code: 'CALL_TIMEOUT',
    message: /^sh did not end/,
  })
  expect(() => process.kill(-pid, 0)).toThrow('ESRCH')
  const reason = new HardwareError('CALL_CANCELLED', 'enough')
  const controller = new AbortController()
  setTimeout(() => controller.abort(reason), 100)
  await expect(run('exec sleep 60', { signal: controller.signal })).rejects.toBe(reason)
  expect(() => process.kill(-pid, 0)).toThrow('ESRCH')
  await expect(run('exec sleep 60', { signal: controller.signal })).rejects.toBe(reason)
})

test('endless output ends the program', async () => {
  await expect(runProgram(['yes'])).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
})
