import { expect } from 'vitest'

import type { TargetTestFormat } from '../../src/target-tests/formats.ts'

/** An output of a firmware, and its tests: the suites and the name, the state, and what else is known. */
export interface SampleOutput {
  readonly title: string
  readonly format: TargetTestFormat
  readonly text: string
  readonly tests: readonly (readonly [name: string, state: string, more?: object])[]
}

/** Outputs in which all tests are complete, as the sources of the frameworks print them. */
export const sampleOutputs: readonly SampleOutput[] = [
  {
    title: 'Unity',
    format: 'unity',
    text: `boot\nlevel 3\ntest/uart.c:10:test_opens:PASS (2 ms)\ntest/uart.c:21:test_sends: a, b:FAIL: Expected 1 Was 2. at rate 9600 (12 ms)\nregister dump: 1f\n
C:\\fw\\spi.c:7:test_sends:IGNORE: no part\nC:\\fw\\spi.c:9:test_more:IGNORE\n\n-----------------------\n4 Tests 1 Failures 2 Ignored \nFAIL\n`,
    tests: [
      ['test/uart.c > test_opens', 'passed', { durationMs: 2, output: ['boot', 'level 3'] }],
      [
        'test/uart.c > test_sends: a, b',
        'failed',
        {
          message: 'Expected 1 Was 2. at rate 9600\nregister dump: 1f',
          durationMs: 12,
          place: { file: 'test/uart.c', line: 21 },
        },
      ],
      ['C:\\fw\\spi.c > test_sends', 'skipped', { message: 'no part' }],
      ['C:\\fw\\spi.c > test_more', 'skipped', { message: undefined }],
    ],
  },
  {
    title: "Unity's fixture",
    format: 'unity',
    text: `Unity test run 1 of 1\nTEST(Led, Off) PASS\nTEST(Led, On) PASS (3 ms)\nTEST(Led, Blinks)led.c:25:TEST(Led, Blinks):FAIL: Expected TRUE Was FALSE\nIGNORE_TEST(Led, Fades)\n
-----------------------\n4 Tests 1 Failures 1 Ignored \nFAIL\n`,
    tests: [
      ['Led > Off', 'passed'],
      ['Led > On', 'passed', { durationMs: 3 }],
      ['Led > Blinks', 'failed', { place: { file: 'led.c', line: 25 } }],
      ['Led > Fades', 'skipped'],
    ],
  },
  {
    title: "ESP-IDF's runner",
    format: 'unity',
    text: `Running spi: sends...\nsending\n./main/spi.c:5:spi: sends:PASS\nRunning uart...\n../uart.c:9:uart:PASS\n\n-----------------------\n2 Tests 0 Failures 0 Ignored \nOK\n`,
    tests: [
      ['spi: sends', 'passed', { output: ['sending'] }],
      ['uart', 'passed', { place: { file: '../uart.c', line: 9 } }],
    ],
  },
  {
    title: 'ztest',
    format: 'ztest',
    text: `*** Booting Zephyr OS build v4.2.0 ***\nRunning TESTSUITE uart\n===================================================================
START - test_opens\nhalf a line PASS - test_opens in 0.001 seconds\n===================================================================
START - test_sends\n\n    Assertion failed at WEST_TOPDIR/app/uart.c:42: uart_test_sends: (sent not equal to 3)\nrate 9600\n FAIL - test_sends in 1.013 seconds\n===================================================================
START - test_dma\n\n    Assumption failed at WEST_TOPDIR/app/uart.c:50: uart_test_dma: dma is false\n\n SKIP - test_dma in 0.000 seconds\n===================================================================
START - test_rate[rates/0]\n PASS - test_rate[rates/0] in 0.001 seconds\nSTART - test_rate[rates/1]\n PASS - test_rate[rates/1] in 0.001 seconds
TESTSUITE uart failed.\n\n------ TESTSUITE SUMMARY START ------\n
SUITE FAIL -  66.66% [uart]: pass = 2, fail = 1, skip = 1, total = 4 duration = 1.015 seconds
 - PASS - [uart.test_opens] duration = 0.001 seconds\n - FAIL - [uart.test_sends] duration = 1.013 seconds
 - SKIP - [uart.test_dma] duration = 0.000 seconds\n - PASS - [uart.test_rate] duration = 0.001 seconds\n
SUITE SKIP -   0.00% [can]: pass = 0, fail = 0, skip = 1, total = 1 duration = 0.000 seconds\n - SKIP - [can.test_bus] duration = 0.000 seconds\n
------ TESTSUITE SUMMARY END ------\n\n===================================================================\nRunID: 2f\nPROJECT EXECUTION FAILED\n`,
    tests: [
      ['uart > test_opens', 'passed', { durationMs: 1, output: ['half a line '] }],
      [
        'uart > test_sends',
        'failed',
        {
          message: 'uart_test_sends: (sent not equal to 3)\nrate 9600',
          durationMs: 1013,
          place: { file: 'WEST_TOPDIR/app/uart.c', line: 42 },
        },
      ],
      ['uart > test_dma', 'skipped', { message: 'uart_test_dma: dma is false' }],
      ['uart > test_rate[rates/0]', 'passed'],
      ['uart > test_rate[rates/1]', 'passed'],
      ['can > test_bus', 'skipped'],
    ],
  },
  {
    title: 'ztest with its summary alone',
    format: 'ztest',
    text: `Running TESTSUITE uart\nTESTSUITE uart succeeded\n------ TESTSUITE SUMMARY START ------\n
SUITE PASS - 100.00% [uart]: pass = 2, fail = 0, skip = 0, total = 2 duration = 0.002 seconds
 - PASS - [uart.test_opens] duration = 0.001 seconds\n - PASS - [uart.test_sends] duration = 0.001 seconds\n
------ TESTSUITE SUMMARY END ------\n\nPROJECT EXECUTION SUCCESSFUL\n`,
    tests: [
      ['uart > test_opens', 'passed', { durationMs: 1 }],
      ['uart > test_sends', 'passed'],
    ],
  },
  {
    title: 'TAP with its plan first',
    format: 'tap',
    text: `TAP version 13\n1..5\nnoise\nok 1 - opens \\#1\nok\nnot ok 3 sends\n  ---\n  message: "sent 2, not 3"\n  severity: fail\n  at:\n    file: uart.c\n    line: 42\n  got: 2\n  ...
ok 4 - dma # SKIP no part\nnot ok 5 - fast # TODO rate\n# tests/uart.t is old\ndone\n`,
    tests: [
      ['opens #1', 'passed', { output: ['noise'] }],
      ['test 2', 'passed'],
      ['sends', 'failed', { message: 'sent 2, not 3\ngot: 2', place: { file: 'uart.c', line: 42 } }],
      ['dma', 'skipped', { message: 'no part' }],
      ['fast', 'skipped', { message: 'to do: rate' }],
    ],
  },
  {
    title: 'TAP with its plan last, and subtests',
    format: 'tap',
    text: `TAP version 14\n# Subtest: uart\n    ok 1 - opens\n    not ok 2 - sends\n    # at uart.c:42\n        ok 1 - deep\n        1..1\n    ok 3 - inner\n    1..3\nnot ok 1 - uart\nok 2 - alone\n1..2\n`,
    tests: [
      ['uart > opens', 'passed'],
      ['uart > sends', 'failed', { place: { file: 'uart.c', line: 42 } }],
      ['uart > inner > deep', 'passed'],
      ['alone', 'passed'],
    ],
  },
  {
    title: 'TAP without tests',
    format: 'tap',
    text: '1..0 # SKIP no hardware\n',
    tests: [['all tests', 'skipped', { message: 'no hardware' }]],
  },
  {
    title: 'libtest',
    format: 'libtest',
    text: `\nrunning 4 tests\ntest uart::tests::opens ... ok\ntest uart::tests::sends ... FAILED\ntest panics - should panic ... ok\ntest dma ... ignored, no part\n\nfailures:\n
---- uart::tests::sends stdout ----\nrate 9600\n\nthread 'uart::tests::sends' panicked at src/uart.rs:42:9:\nassertion failed: sent\n  left: 2\n\n\nfailures:\n    uart::tests::sends\n
test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n`,
    tests: [
      ['uart > tests > opens', 'passed'],
      [
        'uart > tests > sends',
        'failed',
        {
          message: expect.stringMatching(/^assertion failed: sent\nleft: 2/),
          place: { file: 'src/uart.rs', line: 42 },
        },
      ],
      ['panics', 'passed'],
      ['dma', 'skipped', { message: 'no part' }],
    ],
  },
  {
    title: 'libtest on a board',
    format: 'libtest',
    text: `running 2 tests\ntest opens ... ok <0.012s\ntest sends ... rate 9600\npanicked at 'sent 2', src/uart.rs:42:9\nFAILED\n
test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n`,
    tests: [
      ['opens', 'passed', { durationMs: 12 }],
      ['sends', 'failed', { message: 'sent 2', place: { file: 'src/uart.rs', line: 42 }, output: ['rate 9600'] }],
    ],
  },
  {
    title: 'defmt-test',
    format: 'defmt-test',
    text: `0.000 INFO  (1/3) running \`opens\`...\n0.001 INFO  (2/3) ignoring \`dma\`...\n0.002 INFO  (3/3) running \`sends\`...\nsending\n0.003 INFO  all tests passed!\n`,
    tests: [
      ['opens', 'passed'],
      ['dma', 'skipped'],
      ['sends', 'passed', { output: ['sending'] }],
    ],
  },
  {
    title: 'defmt-test with a panic',
    format: 'defmt-test',
    text: `(1/3) running \`opens\`...\n(2/3) running \`sends\`...\n0.003 ERROR panicked at 'sent 2', tests/uart.rs:42:9\n`,
    tests: [
      ['opens', 'passed'],
      [
        'sends',
        'failed',
        { message: 'sent 2\n1 test after it did not run', place: { file: 'tests/uart.rs', line: 42 } },
      ],
    ],
  },
]
