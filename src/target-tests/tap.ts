import { FailureReason } from './failure-reason.ts'
import { readDiagnostic } from './tap-diagnostic.ts'
import { type TapPoint, tapPoint } from './tap-point.ts'
import type { TestLog, TestParser, TestResult } from './test-log.ts'

const planLine = /^1\.\.(\d+)\s*(?:#\s*(.*?))?\s*$/
const bailLine = /^Bail out!\s*(.*?)\s*$/i
const subtestLine = /^# Subtest: (.+?)\s*$/

/** The tests of one depth: those of the firmware, or those of one subtest. */
interface Level {
  plan: number | undefined
  /** The number of the last test. */
  last: number
  readonly results: TestResult[]
}

interface Pending {
  readonly depth: number
  readonly result: TestResult
  /** The diagnostics of the test, if it has failed. */
  readonly reason: FailureReason
}

/** Reads the Test Anything Protocol, versions 12 to 14. A subtest is a suite. */
export function readTap(log: TestLog): TestParser {
  log.repeatsAtRestart = false
  const levels: Level[] = []
  /** The last test. Its diagnostics follow its line. */
  let pending: Pending | undefined
  let isInYaml = false
  let subtest: string | undefined

  const levelAt = (depth: number): Level => (levels[depth] ??= { plan: undefined, last: 0, results: [] })
  const store = (depth: number, result: TestResult) => {
    if (depth === 0) log.end(result)
    else levelAt(depth).results.push(result)
  }
  const flush = () => {
    if (pending === undefined) return
    const { depth, result, reason } = pending
    pending = undefined
    store(depth, result.state === 'failed' ? { ...result, ...reason.result } : result)
  }
  /** Gives the tests of a subtest the name of its own line. */
  const endSubtest = (depth: number, name: string, { plan, last, results }: Level) => {
    if (plan !== last) log.problem(`subtest '${name}' has ${plan ?? 'no'} planned tests, and has printed ${last}`)
    for (const result of results) store(depth, { ...result, suite: [name, ...result.suite] })
    return results.some(({ state }) => state === 'failed')
  }
  const count = ({ number }: TapPoint, depth: number): number => {
    const level = levelAt(depth)
    const expected = level.last + 1
    if (number === 1 && expected > 1 && depth === 0) log.restart()
    else if (number !== undefined && number !== expected) log.problem(`test ${number} follows test ${level.last}`)
    level.last = number ?? expected
    if (depth === 0 && level.plan !== undefined) {
      if (level.last > level.plan) log.problem(`test ${level.last} is not in the plan, 1..${level.plan}`)
      log.isSettling = level.last >= level.plan
    }
    return level.last
  }
  const readPoint = (point: TapPoint, depth: number) => {
    flush()
    const number = count(point, depth)
    if (log.isDone) return
    const { state, message } = point
    const result = { suite: [], name: point.name ?? `test ${number}`, state, message }
    const children = levels[depth + 1]
    levels.length = depth + 1
    if (depth === 0) subtest = undefined
    const isExplained = children !== undefined && endSubtest(depth, result.name, children) === (state === 'failed')
    if (!isExplained) pending = { depth, result, reason: new FailureReason('') }
  }
  const readPlan = (plan: number, note: string | undefined, depth: number) => {
    const level = levelAt(depth)
    if (level.plan !== undefined && depth === 0) {
      log.restart()
      return
    }
    level.plan = plan
    if (depth > 0 || (plan > 0 && level.last === 0)) return
    flush()
    if (plan === 0)
      log.end({ suite: [], name: 'all tests', state: 'skipped', message: note?.replace(/^skip\S*\s*/i, '') })
    else if (plan !== level.last) log.problem(`the plan has ${plan} tests, and ${level.last} have printed a result`)
    log.complete()
  }
  const end = () => {
    flush()
    const { plan, last } = levelAt(0)
    if (!log.isDone && plan !== undefined && last < plan) log.problem(`${last} of ${plan} planned tests have a result`)
    for (const [depth, { results }] of [...levels.entries()].toReversed()) {
      if (depth === 0) continue
      for (const result of results) store(0, { ...result, suite: [subtest ?? 'subtest', ...result.suite] })
      results.length = 0
    }
  }
  const readOther = (text: string, line: string) => {
    const [, reason] = bailLine.exec(text) ?? []
    const [, title] = subtestLine.exec(text) ?? []
    const isComment = text.startsWith('#')
    if (title !== undefined) subtest = title
    if (reason !== undefined) {
      end()
      log.problem(`it bails out: ${reason}`)
      log.complete()
    } else if (pending !== undefined && isComment && title === undefined) {
      readDiagnostic(text.slice(1), pending.reason)
    } else if (!text.startsWith('pragma ') && title === undefined) {
      flush()
      if (log.isSettling) log.complete()
      else log.print(line)
    }
  }

  const read = (line: string) => {
    if (isInYaml) {
      isInYaml = line.trim() !== '...'
      if (isInYaml && pending !== undefined) readDiagnostic(line, pending.reason)
      return
    }
    isInYaml = pending !== undefined && /^ +---\s*$/.test(line)
    if (isInYaml) return
    const depth = Math.floor(line.search(/[^ ]|$/) / 4)
    const text = line.slice(4 * depth)
    const [, plan, note] = planLine.exec(text) ?? []
    const point = tapPoint(text)
    if (/^TAP version \d+\s*$/.test(text)) {
      if (depth === 0 && log.isSettling) log.complete()
      else if (depth === 0 && levels.length > 0) log.restart()
    } else if (plan !== undefined) readPlan(Number(plan), note, depth)
    else if (point !== undefined) readPoint(point, depth)
    else readOther(text, line)
  }
  return { read, end }
}
