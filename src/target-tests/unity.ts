import type { TestLog, TestName, TestParser } from './test-log.ts'

/** `test_uart.c:12:test_sends:FAIL: Expected 1 Was 2 (3 ms)` (Unity's UnityTestResultsBegin() and UNITY_PRINT_EXEC_TIME). */
const resultLine =
  /^(?<file>(?:[A-Za-z]:)?[^:]*):(?<line>\d+):(?<name>.+?):(?<verdict>PASS|FAIL|IGNORE)(?=$|:| \()(?:: ?(?<message>.*?))?(?: \((?<time>\d+) ms\))?\s*$/
/** `TEST(group, name) PASS`, of Unity's fixture with the option `-v`. */
const fixtureLine =
  /^(?<ignored>IGNORE_)?TEST\((?<group>[^,()]+), (?<name>[^()]+)\)(?: PASS(?: \((?<time>\d+) ms\))?)?\s*$/
/** The name of a test of the fixture, before or within the line of its result. */
const fixtureName = /^(?:IGNORE_)?TEST\(([^,()]+), ([^()]+)\)/
const summaryLine = /^(\d+) Tests (\d+) Failures (\d+) Ignored\s*$/
/** The line with which ESP-IDF's runner begins a test. */
const runningLine = /^Running (.+)\.\.\.\s*$/
const states = { PASS: 'passed', FAIL: 'failed', IGNORE: 'skipped' } as const

/** Reads the output of Unity, with or without its fixture, and of the runner of ESP-IDF. */
export function readUnity(log: TestLog): TestParser {
  let hasSummary = false
  const read = (line: string) => {
    const [, tests, failures, ignored] = summaryLine.exec(line) ?? []
    if (tests !== undefined) {
      hasSummary = true
      log.compare('tests', Number(tests))
      log.compare('failures', Number(failures), 'failed')
      log.compare('ignored tests', Number(ignored), 'skipped')
      return
    }
    if (hasSummary && /^(?:OK|FAIL)\s*$/.test(line)) {
      log.isDone = true
      return
    }
    if (readResult(line, log) || readFixtureResult(line, log)) return
    const [, running] = runningLine.exec(line) ?? []
    if (running !== undefined) log.begin({ suite: [], name: running })
    else if (!/^-+\s*$/.test(line)) log.print(line)
  }
  return { read }
}

function readResult(text: string, log: TestLog): boolean {
  // The fixture prints a name or a dot for each test, and no end of the line before a failure.
  const {
    file = '',
    line,
    name = '',
    verdict,
    message,
    time,
  } = resultLine.exec(text.replace(fixtureName, ''))?.groups ?? {}
  if (!isVerdict(verdict)) return false
  const place = { file: file.replace(/^[.!]+(?![.!\\/])/, ''), line: Number(line) }
  const test = nameOf(name, place.file, log)
  log.end({
    ...test,
    state: states[verdict],
    message,
    place,
    durationMs: time === undefined ? undefined : Number(time),
  })
  return true
}

function readFixtureResult(text: string, log: TestLog): boolean {
  const { ignored, group, name, time } = fixtureLine.exec(text)?.groups ?? {}
  if (group === undefined || name === undefined) return false
  const durationMs = time === undefined ? undefined : Number(time)
  log.end({ suite: [group], name, state: ignored === undefined ? 'passed' : 'skipped', durationMs })
  return true
}

/** ESP-IDF says the name alone when a test begins; else the file is the suite. */
function nameOf(name: string, file: string, { running }: TestLog): TestName {
  const [, group, test] = fixtureName.exec(name) ?? []
  if (group !== undefined && test !== undefined) return { suite: [group], name: test }
  return running?.name === name ? running : { suite: [file], name }
}

function isVerdict(text: string | undefined): text is keyof typeof states {
  return text !== undefined && Object.hasOwn(states, text)
}
