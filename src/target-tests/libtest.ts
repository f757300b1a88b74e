import type { FailureReason } from './failure-reason.ts'
import { panicOf } from './rust-panic.ts'
import { millisecondsOf, type TestLog, type TestName, type TestParser } from './test-log.ts'

const planLine = /^running (\d+) tests?\s*$/
const testLine = /^test (.+?)(?: - should panic)? \.\.\. ?(.*)$/
const verdictText = /^(ok|FAILED|ignored|bench:.*)(?:, (.*?))?(?: <?(\d+(?:\.\d+)?)s)?\s*$/
const summaryLine = /^test result: (?:ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored; (\d+) measured;/
/** The title of a failure's output, before the summary. */
const sectionLine = /^---- (.+?)(?: stdout)? ----\s*$/

/**
 * Reads the text of Rust's libtest, which `embedded-test` and others print, too. A failure is explained while its test runs, or in
 * a section before the summary.
 */
export function readLibtest(log: TestLog): TestParser {
  let planned = 0
  let reason: FailureReason | undefined
  /** The name of the test whose section is read. */
  let section: string | undefined

  const explain = (line: string) => {
    const panic = panicOf(line)
    if (panic !== undefined) reason = panic
    else if (reason === undefined) log.print(line)
    else reason.add(line)
  }
  const endTest = (test: TestName, [, verdict, note, seconds]: readonly (string | undefined)[]) => {
    const state = verdict === 'FAILED' ? 'failed' : verdict === 'ignored' ? 'skipped' : 'passed'
    const why = state === 'failed' ? reason?.result : undefined
    log.end({
      ...test,
      state,
      message: note,
      durationMs: seconds === undefined ? undefined : millisecondsOf(seconds),
      ...why,
    })
    reason = undefined
  }
  const endSection = () => {
    if (section !== undefined && reason !== undefined) log.explain(nameOf(section), reason.result)
    section = undefined
    reason = undefined
  }

  const read = (line: string) => {
    const [, plan] = planLine.exec(line) ?? []
    const [, name, rest = ''] = testLine.exec(line) ?? []
    const [, title] = sectionLine.exec(line) ?? []
    const counts = summaryLine.exec(line)?.slice(1).map(Number)
    const verdict = verdictText.exec(name === undefined ? line : rest)
    if (plan !== undefined) {
      if (log.tests.length > 0 || log.running !== undefined) log.restart()
      planned = Number(plan)
    } else if (counts !== undefined) {
      endSection()
      log.complete()
      const [passed = 0, failed = 0, ignored = 0, measured = 0] = counts
      log.compare('tests', planned)
      log.compare('passed tests', passed + measured, 'passed')
      log.compare('failures', failed, 'failed')
      log.compare('ignored tests', ignored, 'skipped')
    } else if (name !== undefined && verdict !== null) endTest(nameOf(name), verdict)
    else if (name !== undefined) {
      reason = undefined
      log.begin(nameOf(name))
      explain(rest)
    } else if (log.running !== undefined && verdict !== null) endTest(log.running, verdict)
    else if (title !== undefined) {
      endSection()
      section = title
    } else if (/^failures:\s*$/.test(line)) endSection()
    // The list of the names of failures, at the end.
    else if (section !== undefined || !isListed(line, log)) explain(line)
  }
  const end = () => {
    const { length } = log.tests
    if (!log.isDone && length < planned) log.problem(`${length} of ${planned} planned tests have a result`)
  }
  return { read, end }
}

function isListed(line: string, { tests }: TestLog): boolean {
  return tests.some(({ suite, name }) => [...suite, name].join('::') === line.trim())
}

function nameOf(path: string): TestName {
  const suite = path.split('::')
  return { suite, name: suite.pop() ?? path }
}
