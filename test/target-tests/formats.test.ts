import fc from 'fast-check'
import { duplexPair } from 'node:stream'
import { describe, expect, test } from 'vitest'

import { Console } from '../../src/clients/index.ts'
import type { TargetTestFormat } from '../../src/target-tests/formats.ts'
import { readTargetTests } from '../../src/target-tests/read-target-tests.ts'
import { showTest } from '../../src/target-tests/test-log.ts'
import { sampleOutputs } from './outputs.ts'

/** Lets a console print pieces, and reads the tests. The stream stays open unless it is to end. */
async function read(
  format: TargetTestFormat,
  pieces: readonly (string | Uint8Array)[],
  { timeoutMs = 20_000, ends = false } = {},
) {
  const [near, far] = duplexPair()
  await using console = new Console('board', async () => near, { guards: [] })
  await console.open()
  const reading = readTargetTests(console, { format, timeoutMs })
  for (const piece of pieces) {
    far.write(piece)
    await new Promise(setImmediate)
  }
  if (ends) far.end()
  const run = await reading
  far.destroy()
  return run
}

const stateOf = async (...args: Parameters<typeof read>) => {
  const { tests, problem } = await read(...args)
  return { tests: tests.map((one) => `${showTest(one)}: ${one.state}`), problem: problem?.shortMessage }
}

describe.each(sampleOutputs)('$title', ({ format, text, tests: expected }) => {
  test('has its tests', async () => {
    const { tests, problem } = await read(format, [text])
    expect(problem).toBeUndefined()
    expect(tests.map((one) => [showTest(one), one.state])).toEqual(expected.map(([name, state]) => [name, state]))
    for (const [index, [, , more = {}]] of expected.entries()) expect(tests[index]).toMatchObject(more)
  })

  test('has the same tests in any pieces, with the ends of lines of a terminal', async () => {
    const { tests: whole } = await read(format, [text])
    const bytes = Buffer.from(text.replaceAll('\n', '\r\n'))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
        const ends = [0, ...cuts.toSorted((one, other) => one - other), bytes.length]
        const pieces = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end))
        const { tests, problem } = await read(format, pieces)
        expect(problem).toBeUndefined()
        expect(tests).toEqual(whole)
      }),
      // The last test of some outputs may be explained for some time after its result.
      { numRuns: format === 'defmt-test' || format === 'tap' ? 10 : 50 },
    )
  })

  test('is never green when its end is missing', async () => {
    const lines = text.trimEnd().split('\n')
    // The lines after the last result may be of no importance: an explanation, or an end that nothing depends on.
    const needed = format === 'tap' || format === 'defmt-test' ? expected.length - 1 : lines.length - 1
    await fc.assert(
      fc.asyncProperty(fc.nat(Math.max(0, needed - 1)), async (count) => {
        const { tests, problem } = await read(format, [lines.slice(0, count).join('\n')], { ends: true })
        expect(problem).toMatchObject({ code: 'TARGET_TESTS_INCOMPLETE', origin: 'firmware' })
        expect(tests.length).toBeLessThanOrEqual(expected.length)
      }),
      { numRuns: 10 },
    )
  })
})

describe('what contradicts is a problem', () => {
  test.each([
    ['unity', 'a.c:1:t:PASS\n3 Tests 0 Failures 0 Ignored\nOK\n', 'tests: 3 in the summary, 1 printed'],
    ['unity', '0 Tests 0 Failures 0 Ignored\nOK\n', 'the firmware has run no test'],
    [
      'unity',
      'a.c:1:t:PASS\na.c:1:u:PASS\na.c:1:u:PASS\n3 Tests 0 Failures 0 Ignored\nOK\n',
      "'a.c > u' has two results",
    ],
    ['unity', 'a.c:1:t:PASS\na.c:1:u:PASS\nboot\na.c:1:t:PASS\n', 'the firmware has started again'],
    ['unity', 'a.c:1:t:PASS\n1 Tests 1 Failures 0 Ignored\nFAIL\n', 'failures: 1 in the summary, 0 printed'],
    ['ztest', 'START - a\n PASS - a in 0.1 seconds\nSTART - a\n', 'the firmware has started again'],
    ['ztest', 'START - a\n*** Booting Zephyr OS ***\n', "the firmware has started again, as after a reset, in 'a'"],
    ['ztest', 'START - a\n PASS - a in 0.1 seconds\nPROJECT EXECUTION FAILED\n', 'no test has failed'],
    ['ztest', 'Running TESTSUITE s\nTESTSUITE s failed.\nPROJECT EXECUTION FAILED\n', "suite 's' has failed"],
    [
      'ztest',
      'Running TESTSUITE s\nSTART - a\n PASS - a in 0.1 seconds\n - FAIL - [s.a] duration = 0.1 seconds\nPROJECT EXECUTION FAILED\n',
      "'s > a' has failed in the summary",
    ],
    [
      'ztest',
      'Running TESTSUITE s\nSTART - a\n PASS - a in 0.1 seconds\n - PASS - [s.b] duration = 0.1 seconds\nPROJECT EXECUTION SUCCESSFUL\n',
      "'s > b', whose result is not printed",
    ],
    [
      'ztest',
      'Running TESTSUITE s\nSTART - a\n PASS - a in 0.1 seconds\nSUITE PASS - 100.00% [s]: pass = 2, fail = 0, skip = 0, total = 2 duration = 0.1 seconds\nPROJECT EXECUTION SUCCESSFUL\n',
      "counts 2 tests of suite 's', and 1",
    ],
    ['tap', 'ok 1\nok 2\n1..3\n', 'the plan has 3 tests, and 2 have printed a result'],
    ['tap', '1..2\nok 1 a\nok 3 c\n', 'test 3 follows test 1'],
    ['tap', '1..1\nok 1 a\nok 2 b\n', 'test 2 is not in the plan, 1..1'],
    ['tap', '1..3\nok 1 a\nok 2 b\nok 1 a\n', 'the firmware has started again'],
    ['tap', '1..3\nok 1 a\nTAP version 14\n', 'the firmware has started again'],
    ['tap', '1..2\nok 1 a\nok 2 a\n', "'a' has two results"],
    ['tap', '1..3\nok 1 a\nBail out! no power\n', 'it bails out: no power'],
    ['tap', '    ok 1 a\n    1..2\nok 1 b\n1..1\n', "subtest 'b' has 2 planned tests, and has printed 1"],
    ['libtest', 'running 2 tests\ntest a ... ok\nrunning 2 tests\n', 'the firmware has started again'],
    [
      'libtest',
      'running 2 tests\ntest a ... ok\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n',
      'tests: 2 in the summary, 1 printed',
    ],
    [
      'defmt-test',
      '(1/2) running `a`...\n(2/2) running `b`...\n(1/2) running `a`...\n',
      'the firmware has started again',
    ],
    ['defmt-test', '(1/3) running `a`...\n(3/3) running `c`...\nall tests passed!\n', 'test 3 follows test 1'],
  ] as const)('%s: %j', async (format, text, problem) => {
    const run = await read(format, [text])
    expect(run.problem?.shortMessage).toContain(problem)
    expect(run.problem?.message).toMatch(/(?:Last lines:\n {2}\| )/)
  })
})

describe('a run that does not end', () => {
  test('fails the test that was running, with the text of its last line', async () => {
    const { tests, problem } = await read('ztest', ['START - a\nhalf'], { timeoutMs: 100 })
    expect(tests).toMatchObject([{ name: 'a', state: 'failed', output: ['half'] }])
    expect(problem?.shortMessage).toContain("the firmware did not end its tests within 100 ms, in 'a'")
  })

  test('says how many tests of the plan have a result', async () => {
    expect(await stateOf('tap', ['1..3\nok 1 a\n'], { timeoutMs: 100 })).toEqual({
      tests: ['a: passed'],
      problem: expect.stringContaining('1 of 3 planned tests have a result'),
    })
    expect(await stateOf('libtest', ['running 3 tests\ntest a ... ok\n'], { ends: true })).toEqual({
      tests: ['a: passed'],
      problem: expect.stringContaining('1 of 3 planned tests have a result; console board was closed'),
    })
  })

  test('has the tests of a subtest that has not ended', async () => {
    expect(
      await stateOf('tap', ['1..1\n# Subtest: uart\n    not ok 1 - opens\n    ok 2 - sends\n'], { ends: true }),
    ).toEqual({
      tests: ['uart > opens: failed', 'uart > sends: passed'],
      problem: expect.stringContaining('0 of 1 planned tests'),
    })
  })

  test('ends with the error of the console, and its origin', async () => {
    const [near, far] = duplexPair()
    await using console = new Console('board', async () => near)
    await console.open()
    const reading = readTargetTests(console, { format: 'libtest', timeoutMs: 20_000 })
    far.write('running 2 tests\ntest a ... Kernel panic - not syncing: bad\n')
    const { tests, problem } = await reading
    expect(tests).toMatchObject([{ name: 'a', state: 'failed', output: ['Kernel panic - not syncing: bad'] }])
    expect(problem).toMatchObject({ origin: 'firmware', cause: { code: 'GUARD_TRIPPED' } })
    far.destroy()
  })

  test('garbage is never green', async () => {
    const formats = sampleOutputs.map(({ format }) => format)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...formats), fc.uint8Array({ maxLength: 500 }), async (format, bytes) => {
        const { problem } = await read(format, [bytes], { ends: true })
        expect(problem?.code).toBe('TARGET_TESTS_INCOMPLETE')
      }),
      { numRuns: 50 },
    )
  })

  test('secrets that were typed are not in the results', async () => {
    const [near, far] = duplexPair()
    await using console = new Console('board', async () => near)
    await console.secret('hunter2')
    far.write('TAP version 13\nlogin hunter2\nnot ok 1 a\n1..1\n')
    const { tests } = await readTargetTests(console, { format: 'tap', timeoutMs: 20_000 })
    expect(tests).toMatchObject([{ output: ['login ***'] }])
    far.destroy()
  })
})
