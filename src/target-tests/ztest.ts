import { FailureReason } from './failure-reason.ts'
import { millisecondsOf, type TestLog, type TestParser } from './test-log.ts'
import { ZtestSummary } from './ztest-summary.ts'

const suiteLine = /^Running (?:TESTSUITE|test suite) (\S+)\s*$/
const startLine = /^START - (.+?)\s*$/
/** Text that a test has printed without the end of its line may stand before the result. */
const endLine = /^(.*?)\b(PASS|FAIL|SKIP) - (\S.*?) in (\d+\.\d+) seconds\s*$/
const suiteEndLine = /^(?:TESTSUITE|Test suite) (\S+) failed\.?\s*$/
const verdictLine = /^PROJECT EXECUTION (SUCCESSFUL|FAILED)\s*$/
/** The text of zassert() and zassume(). The message of the test follows in the next lines. */
const reasonLine = /^\s*Ass(?:ertion|umption) failed at (.+?):(\d+):? ?(.*)$/
const separator = /^(?:=+|-+|------ TESTSUITE SUMMARY \w+ ------)\s*$/
const states = { PASS: 'passed', FAIL: 'failed', SKIP: 'skipped' } as const

/** Reads the output of Zephyr's ztest, with its summary, if it has one. */
export function readZtest(log: TestLog): TestParser {
  const summary = new ZtestSummary(log)
  let suite: readonly string[] = []
  let reason: FailureReason | undefined

  const read = (line: string) => {
    if (separator.test(line) || summary.read(line)) return
    const [, running] = suiteLine.exec(line) ?? []
    const [, started] = startLine.exec(line) ?? []
    const [, before = '', verdict, name, seconds] = endLine.exec(line) ?? []
    const [, failedSuite] = suiteEndLine.exec(line) ?? []
    const [, end] = verdictLine.exec(line) ?? []
    const [, file, at, text = ''] = reasonLine.exec(line) ?? []
    if (running !== undefined) suite = [running]
    else if (started !== undefined) {
      reason = undefined
      log.begin({ suite, name: started })
    } else if (isVerdict(verdict) && name !== undefined) {
      log.print(before)
      log.end({ suite, name, state: states[verdict], durationMs: millisecondsOf(seconds ?? ''), ...reason?.result })
      reason = undefined
    } else if (failedSuite !== undefined) {
      const hasFailed = log.tests.some((test) => test.suite[0] === failedSuite && test.state === 'failed')
      if (!hasFailed) log.problem(`suite '${failedSuite}' has failed, but none of its tests has`)
    } else if (end !== undefined) {
      log.complete()
      summary.compare()
      if (end === 'FAILED' && log.problems.length === 0 && log.tests.every(({ state }) => state !== 'failed')) {
        log.problem('PROJECT EXECUTION FAILED is printed, but no test has failed')
      }
    } else if (line.includes('*** Booting ') && (log.running !== undefined || log.tests.length > 0)) log.restart()
    else if (file !== undefined && reason === undefined) reason = new FailureReason(text, { file, line: Number(at) })
    else if (reason === undefined) log.print(line)
    else reason.add(line)
  }
  return { read }
}

function isVerdict(text: string | undefined): text is keyof typeof states {
  return text !== undefined && Object.hasOwn(states, text)
}
