import { readDefmtTest } from './defmt-test.ts'
import { readLibtest } from './libtest.ts'
import { readTap } from './tap.ts'
import type { TestLog, TestParser } from './test-log.ts'
import { readUnity } from './unity.ts'
import { readZtest } from './ztest.ts'

const parsers = {
  unity: readUnity,
  ztest: readZtest,
  tap: readTap,
  libtest: readLibtest,
  'defmt-test': readDefmtTest,
} as const satisfies Record<string, (log: TestLog) => TestParser>

/**
 * The format in which a firmware prints its tests.
 *
 * - `unity`: Unity, its fixture (with `-v`, or the names are not printed), and the runner of ESP-IDF
 * - `ztest`: Zephyr's ztest, verbose or with its summary
 * - `tap`: the Test Anything Protocol, versions 12 to 14
 * - `libtest`: the text of Rust's libtest, also from `embedded-test`
 * - `defmt-test`: the decoded log of Rust's `defmt-test`
 */
export type TargetTestFormat = keyof typeof parsers

/** The names of the formats. */
export const targetTestFormats = Object.keys(parsers)

/** Makes the parser of a format. */
export function createTestParser(format: TargetTestFormat, log: TestLog): TestParser {
  return parsers[format](log)
}
