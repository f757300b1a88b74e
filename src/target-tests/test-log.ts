/** A place in the source of a firmware, as the firmware prints it. */
export interface SourcePlace {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
}

/** The name of a test, and the names of the suites that it is in, from the outer to the inner one. */
export interface TestName {
  readonly suite: readonly string[]
  readonly name: string
}

/** The result of a test that ran on a board. */
export interface TargetTest extends TestName {
  readonly state: 'passed' | 'failed' | 'skipped'
  /** The reason of a failure or of a skip. */
  readonly message?: string | undefined
  /** The place of a failure. */
  readonly place?: SourcePlace | undefined
  /** The duration that the firmware has measured, in milliseconds. */
  readonly durationMs?: number | undefined
  /** The last lines that the firmware printed in the test. */
  readonly output: readonly string[]
}

/** The result of a test without its output. */
export type TestResult = Omit<TargetTest, 'output'>

interface TestRecord {
  result: TestResult
  readonly output: readonly string[]
  readonly after: readonly string[]
}

/** Reads the lines of one format into a {@link TestLog}. */
export interface TestParser {
  /** Takes a complete line, without its end. */
  read(line: string): void
  /** Hands over what it has kept, when no more lines come. */
  end?(): void
}

/** The number of lines that are kept for a test. */
const maxLines = 50

/**
 * The tests that a parser has read so far. It pairs the beginnings of tests with their results, and notes what contradicts: a
 * test that ends without a result, one with two results, a firmware that starts again.
 */
export class TestLog {
  readonly #records: TestRecord[] = []
  readonly #problems: string[] = []
  readonly #keys = new Set<string>()
  #firstKey: string | undefined
  #running: TestName | undefined
  #output: string[] = []
  /** The lines after the last result, up to the next test. */
  #after: string[] = []

  /** True if the first test is printed again only by a firmware that has started again. Numbered tests have another sign. */
  repeatsAtRestart = true
  /** True when no more output is needed. */
  isDone = false
  /** True when the tests are complete, but lines that belong to the last one may follow at once. */
  isSettling = false

  get tests(): readonly TargetTest[] {
    return this.#records.map(({ result, output, after }) => {
      const lines = [...(result.message === undefined ? [] : [result.message]), ...after]
      return { ...result, message: lines.length === 0 ? undefined : lines.join('\n'), output }
    })
  }

  /** The reasons why the results are not complete, or contradict each other. */
  get problems(): readonly string[] {
    return this.#problems
  }

  /** The test that has begun last, and has no result so far. */
  get running(): TestName | undefined {
    return this.#running
  }

  /** Notes a line that is no news of a test. */
  print(line: string): void {
    if (line.trim() === '') return
    keep(this.#output, line)
    keep(this.#after, line)
  }

  /** Notes that a test begins. */
  begin(test: TestName): void {
    if (this.#isRestart(test)) {
      this.restart()
      return
    }
    this.#failRunning('it has printed no result')
    this.#firstKey ??= keyOf(test)
    this.#running = test
    this.#output = []
    this.#after = []
  }

  /** Notes the result of a test. */
  end(result: TestResult): void {
    const key = keyOf(result)
    if (this.#running !== undefined && keyOf(this.#running) === key) this.#running = undefined
    else if (this.#isRestart(result)) {
      this.restart()
      return
    }
    this.#failRunning('it has printed no result')
    if (this.#keys.has(key)) this.problem(`'${showTest(result)}' has two results`)
    else this.#add(result)
  }

  /** Notes that the firmware runs its tests from the beginning again, as after a reset. */
  restart(): void {
    const last = this.#records.at(-1)?.result
    const after = last === undefined ? '' : ` after '${showTest(last)}'`
    const why = 'the firmware has started again, as after a reset'
    this.problem(this.#running === undefined ? `${why}${after}` : `${why}, in '${showTest(this.#running)}'`)
    this.#failRunning(why)
    this.isDone = true
  }

  /** Notes a reason why the results are not complete, or contradict each other. */
  problem(text: string): void {
    this.#problems.push(text)
  }

  /** Notes that no more output comes. The test that was running has failed. */
  stop(why: string): void {
    if (this.isDone) return
    this.isDone = true
    if (this.isSettling) return
    this.problem(this.#running === undefined ? why : `${why}, in '${showTest(this.#running)}'`)
    this.#failRunning(why)
  }

  /** Notes that the firmware has printed the end of its tests. */
  complete(): void {
    this.#failRunning('it has printed no result')
    this.isDone = true
  }

  /** Adds the reason of a failure to a result without one. */
  explain(test: TestName, reason: Pick<TargetTest, 'message' | 'place'>): void {
    const record = this.#records.find(({ result }) => keyOf(result) === keyOf(test))
    if (record !== undefined && record.result.place === undefined) record.result = { ...record.result, ...reason }
  }

  /** Compares a number of the firmware's summary with the number of tests. */
  compare(what: string, counted: number, state?: TargetTest['state']): void {
    const seen = this.#records.filter(({ result }) => state === undefined || result.state === state).length
    if (seen !== counted) this.problem(`${what}: ${counted} in the summary, ${seen} printed`)
  }

  #isRestart(test: TestName): boolean {
    return this.repeatsAtRestart && keyOf(test) === this.#firstKey
  }

  #failRunning(message: string): void {
    const running = this.#running
    this.#running = undefined
    if (running !== undefined && !this.#keys.has(keyOf(running))) this.#add({ ...running, state: 'failed', message })
  }

  #add(result: TestResult): void {
    this.#firstKey ??= keyOf(result)
    this.#keys.add(keyOf(result))
    // Lines after a failure may belong to it. Those of the next test are there, too, if its beginning is not printed.
    const after: string[] = []
    this.#records.push({ result, output: this.#output, after: result.state === 'failed' ? after : [] })
    this.#output = []
    this.#after = after
  }
}

/** The milliseconds of a duration that is printed in seconds, to the microsecond. */
export function millisecondsOf(seconds: string): number {
  return Math.round(Number(seconds) * 1e6) / 1e3
}

/** Shows a test with its suites: `uart > sends`. */
export function showTest({ suite, name }: TestName): string {
  return [...suite, name].join(' > ')
}

function keyOf({ suite, name }: TestName): string {
  return JSON.stringify([suite, name])
}

function keep(lines: string[], line: string): void {
  lines.push(line)
  if (lines.length > maxLines) lines.shift()
}
