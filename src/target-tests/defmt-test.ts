import { panicOf } from './rust-panic.ts'
import type { TestLog, TestParser } from './test-log.ts'

/** "(1/3) running `it_works`...", within a line of the log. */
const stepLine = /\((\d+)\/(\d+)\) (running|ignoring) `([^`]+)`/

/**
 * Reads the output of Rust's `defmt-test`, as text. A test has passed when the next one begins; the first failure is a panic, which
 * ends the firmware.
 */
export function readDefmtTest(log: TestLog): TestParser {
  let [done, planned] = [0, 0]
  const pass = () => {
    if (log.running !== undefined) log.end({ ...log.running, state: 'passed' })
  }
  const read = (line: string) => {
    const [, at, of, verb, name = ''] = stepLine.exec(line) ?? []
    if (at !== undefined && Number(at) <= done) log.restart()
    else if (at !== undefined) {
      pass()
      if (Number(at) !== done + 1) log.problem(`test ${at} follows test ${done}`)
      done = Number(at)
      planned = Number(of)
      if (verb === 'running') log.begin({ suite: [], name })
      else log.end({ suite: [], name, state: 'skipped' })
    } else if (line.includes('all tests passed!')) {
      pass()
      log.compare('tests', planned)
      log.complete()
    } else {
      const panic = log.running === undefined ? undefined : panicOf(line)
      if (panic === undefined || log.running === undefined) log.print(line)
      else {
        const left = planned - done
        if (left > 0) panic.add(`${left} ${left === 1 ? 'test' : 'tests'} after it did not run`)
        log.end({ ...log.running, state: 'failed', ...panic.result })
        log.isSettling = true
      }
    }
  }
  return { read }
}
