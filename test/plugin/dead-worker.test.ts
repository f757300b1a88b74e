import { expect, type RunnerTestCase, test } from 'vitest'

import { failTestsOfDeadWorker } from '../../src/plugin/dead-worker.ts'

const hardware = { file: '/a.test.ts', project: '', exporters: { dut: 'uno' } }
const exit = { pid: 7, reason: 'signal SIGKILL' }

type State = 'run' | 'pass' | 'queued' | undefined

/** The tests of a file, as Vitest keeps them. */
function testsOf(states: readonly State[], file = '/a.test.ts', projectName?: string): RunnerTestCase[] {
  return states.map((state, index) => {
    const result = state === undefined ? undefined : { state }
    const task = { id: String(index), mode: 'run', meta: {}, result, file: { filepath: file, projectName } }
    return task as unknown as RunnerTestCase
  })
}

const statesOf = (tests: readonly RunnerTestCase[]) => tests.map(({ result }) => result?.state)

test.each<{ readonly name: string; readonly states: readonly State[]; readonly after: readonly string[] }>([
  { name: 'one runs', states: ['pass', 'run', undefined], after: ['pass', 'fail', 'skip'] },
  { name: 'concurrent ones run', states: ['run', 'run', 'queued'], after: ['fail', 'fail', 'skip'] },
  { name: 'none is known to run', states: ['pass', undefined, undefined], after: ['pass', 'fail', 'skip'] },
  { name: 'all have finished', states: ['pass', 'pass'], after: ['pass', 'pass'] },
])('tests of a dead worker: $name', ({ states, after }) => {
  const tests = testsOf(states)
  const failed = failTestsOfDeadWorker(tests, hardware, exit)
  expect(statesOf(tests)).toEqual(after)
  expect(statesOf(failed)).toEqual(after.filter((state) => state === 'fail'))
  for (const { meta, result, file } of failed) {
    expect(meta.hardware).toEqual({ exporters: { dut: 'uno' }, code: 'WORKER_EXITED', origin: 'test' })
    expect(file.result?.state).toBe('fail')
    expect(result?.errors).toMatchObject([
      { message: expect.stringMatching(/process 7, .*signal SIGKILL[^]*dut: exporter uno/) },
    ])
  }
})

test('tests of other files, and of the same file in another project, are left alone', () => {
  const others = [...testsOf(['run'], '/b.test.ts'), ...testsOf(['run'], '/a.test.ts', 'other')]
  expect(failTestsOfDeadWorker(others, hardware, exit)).toEqual([])
  expect(statesOf(others)).toEqual(['run', 'run'])
})
