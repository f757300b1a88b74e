import { millisecondsOf, type TestLog } from './test-log.ts'

const testLine = /^ - (PASS|FAIL|SKIP|FLAKY) - \[([^\].]+)\.(.+?)\] (?:- .* )?duration = (\d+\.\d+) seconds\s*$/
const suiteLine = /^SUITE \w+ - .*\[(.+)\]: pass = \d+, fail = \d+, skip = \d+, total = (\d+) duration = /
const states: Readonly<Record<string, 'passed' | 'skipped'>> = { PASS: 'passed', SKIP: 'skipped' }

/**
 * The summary of ztest, which lists all tests and suites of the firmware. It has the only results of a firmware that is not verbose,
 * and proves the others.
 */
export class ZtestSummary {
  readonly #log: TestLog
  /** The number of tests of each suite. */
  readonly #totals = new Map<string, number>()
  /** The suites whose tests have printed no results of their own. */
  readonly #quiet = new Set<string>()

  constructor(log: TestLog) {
    this.#log = log
  }

  /** @returns true for a line of the summary */
  read(line: string): boolean {
    const [, verdict, suite = '', name = '', seconds] = testLine.exec(line) ?? []
    if (verdict !== undefined) this.#readTest(suite, name, states[verdict] ?? 'failed', millisecondsOf(seconds ?? ''))
    const [, counted, total] = suiteLine.exec(line) ?? []
    if (counted !== undefined) this.#totals.set(counted, Number(total))
    return verdict !== undefined || counted !== undefined
  }

  /** Compares the numbers of tests of the suites that have run. */
  compare(): void {
    for (const [suite, total] of this.#totals) {
      const seen = new Set(this.#testsOf(suite).map(({ name }) => baseName(name))).size
      if (seen > 0 && seen !== total) {
        this.#log.problem(`the summary counts ${total} tests of suite '${suite}', and ${seen} have printed a result`)
      }
    }
  }

  #readTest(suite: string, name: string, state: 'passed' | 'failed' | 'skipped', durationMs: number): void {
    const tests = this.#testsOf(suite)
    const seen = tests.filter((test) => baseName(test.name) === name)
    if (tests.length === 0) this.#quiet.add(suite)
    // A test that was not to run is listed as skipped.
    if (this.#quiet.has(suite) || (seen.length === 0 && state === 'skipped')) {
      this.#log.end({ suite: [suite], name, state, durationMs })
    } else if (seen.length === 0) {
      this.#log.problem(`the summary has '${suite} > ${name}', whose result is not printed`)
    } else if (state === 'failed' && seen.every((test) => test.state !== 'failed')) {
      this.#log.problem(`'${suite} > ${name}' has failed in the summary, and not before`)
    }
  }

  #testsOf(suite: string) {
    return this.#log.tests.filter((test) => test.suite[0] === suite)
  }
}

/** A test with parameters runs once for each of them, as `name[instance/0]`, and is one test in the summary. */
function baseName(name: string): string {
  return name.replace(/\[.*$/, '')
}
