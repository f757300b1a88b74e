import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'

import { describeEnd, exitCodeOf, ProcessGroup, type ProcessGroupOptions } from '../../src/base/process-group.ts'

const limits = { killAfterMs: 300, drainTimeoutMs: 200 }
/** False for a zombie, too: in a container nobody may wait for orphans. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return /^[^Z]/.test(stdout.trim())
}

/** Runs a script to its end. @returns its lines, and how it ended */
async function run(script: string, options: Partial<ProcessGroupOptions> = {}) {
  const lines: string[] = []
  const receiveLine = (line: string) => lines.push(line)
  const group = await ProcessGroup.start(['sh', '-c', script], { ...limits, receiveLine, ...options })
  const end = await group.exited
  await group.drain()
  return { lines, end }
}

test('gives lines of both pipes and the exit code or the signal', async () => {
  const { lines, end } = await run('echo one; printf two >&2; exit 3')
  expect(lines.toSorted()).toEqual(['one', 'two'])
  expect(end).toEqual({ type: 'exited', exitCode: 3 })
  expect(describeEnd(end)).toBe('failed with exit code 3')
  expect((await run('kill -KILL $$')).end).toEqual({ type: 'signalled', signal: 'SIGKILL' })
  expect(exitCodeOf({ type: 'signalled', signal: 'SIGKILL' })).toBe(137)
})

test('passes arguments as they are, and only the given environment', async () => {
  const lines: string[] = []
  const group = await ProcessGroup.start(['sh', '-c', 'printf "%s\\n" "$1" "$A" "${HOME-none}"', 'sh', '$(id); *'], {
    ...limits,
    env: { PATH: process.env['PATH'], A: 'a b', HOME: undefined },
    receiveLine: (line) => lines.push(line),
  })
  await group.closed
  expect(lines).toEqual(['$(id); *', 'a b', 'none'])
})

test.each<[string, [string, ...string[]], boolean, RegExp]>([
  ['is not installed', ['no-such-program'], true, /ENOENT/],
  ['is a folder', ['/'], false, /EACCES/],
  ['has an impossible argument', ['sh', 'a\0b'], false, /null bytes/],
])('a program that %s could not be started', async (_what, command, isMissing, message) => {
  const group = await ProcessGroup.start(command, { ...limits, receiveLine: () => undefined })
  const end = await group.exited
  expect(end).toMatchObject({ type: 'notStarted', isMissing })
  expect(describeEnd(end)).toMatch(message)
  await group.closed
  await group.end()
})

test('ends all that it has started: gently first, then by force', async () => {
  const lines: string[] = []
  const script = 'trap "echo told" TERM; sh -c \'trap "" TERM; echo $$; exec sleep 100\' & while :; do wait; done'
  const receiveLine = (line: string) => lines.push(line)
  const group = await ProcessGroup.start(['sh', '-c', script], { ...limits, receiveLine })
  await expect.poll(() => lines.length).toBe(1)
  const start = performance.now()
  await Promise.all([group.end(), group.end()])
  expect(performance.now() - start).toBeLessThan(5_000)
  expect(lines[1]).toBe('told')
  expect(await group.exited).toEqual({ type: 'signalled', signal: 'SIGKILL' })
  await expect.poll(() => isAlive(Number(lines[0]))).toBe(false)
})

test('what is left in the background holds the pipes for a bounded time', async () => {
  const start = performance.now()
  const { lines, end } = await run('echo one; printf two; sleep 3 &')
  expect({ lines, end }).toEqual({ lines: ['one', 'two'], end: { type: 'exited', exitCode: 0 } })
  expect(performance.now() - start).toBeLessThan(2_500)
})

test('no output of pipes that the caller reads is lost, also of a program that ends at once', async () => {
  for (const wait of ['', 'sleep 0.05; ']) {
    const group = await ProcessGroup.start(['sh', '-c', `echo out; echo extra >&3; ${wait}cat <&3 >&3`], {
      ...limits,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    const texts = ['', '']
    for (const [index, fd] of [1, 3].entries()) {
      group.pipes[fd]?.on('data', (chunk: Buffer) => (texts[index] += String(chunk)))
    }
    group.pipes[3]?.end('back')
    await once(group.pipes[3]!, 'end')
    await group.closed
    expect(texts).toEqual(['out\n', 'extra\nback'])
  }
})

test('signals may go to the program alone', async () => {
  const lines: string[] = []
  const receiveLine = (line: string) => lines.push(line)
  const script = 'sleep 100 & echo $!; exec sleep 100'
  const group = await ProcessGroup.start(['sh', '-c', script], { ...limits, receiveLine, signalGroup: false })
  await expect.poll(() => lines.length).toBe(1)
  await group.end()
  expect(group.endOfProgram).toEqual({ type: 'signalled', signal: 'SIGTERM' })
  expect(isAlive(Number(lines[0]))).toBe(true)
  process.kill(Number(lines[0]))
})
