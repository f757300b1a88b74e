import { anySignal } from '../base/abort.ts'
import { startTimer, stopTimer } from '../base/clock.ts'
import { cutText } from '../base/cut-text.ts'
import { HardwareError, messageOf } from '../errors.ts'
import { createTestParser, type TargetTestFormat } from './formats.ts'
import { type TargetTest, TestLog } from './test-log.ts'

/** The part of a console that the tests are read from. */
export interface TestConsole {
  /** The name in errors. */
  readonly name: string
  /** Moves the cursor behind everything that has been printed. */
  skip(): void
  /** The output after the cursor. */
  peek(): string
  /** Replaces secrets in a text. */
  masked(text: string): string
  /** The lines after the cursor, which does not move. */
  lines(options: { readonly signal: AbortSignal }): AsyncGenerator<string, void, void>
}

/** Options of {@link readTargetTests}. */
export interface ReadTargetTestsOptions {
  readonly format: TargetTestFormat
  /** The longest time that the tests may take, in milliseconds. */
  readonly timeoutMs: number
  /** What is left of that time, in milliseconds. */
  readonly leftMs?: number | undefined
  /** Ends the wait early. */
  readonly signal?: AbortSignal | undefined
}

/** The tests of one run of a firmware. */
export interface TargetTestRun {
  readonly tests: readonly TargetTest[]
  /** The reason why the tests are not complete, or contradict each other. Without it, all tests of the firmware are there. */
  readonly problem?: HardwareError | undefined
}

/** The number of the last lines of a console in an error, and the length at which they are cut, in characters. */
const shown = { lines: 15, length: 300 }
/** The silence after which nothing belongs to the last test any more, in milliseconds. */
const settleMs = 300

/**
 * Reads the tests that a firmware prints to a console, until they are complete. Never throws for what the firmware or the console does:
 * the test that was running has failed then, or the result has a problem.
 */
export async function readTargetTests(
  console: TestConsole,
  { format, timeoutMs, leftMs = timeoutMs, signal }: ReadTargetTestsOptions,
): Promise<TargetTestRun> {
  const log = new TestLog()
  const parser = createTestParser(format, log)
  const lines: string[] = []
  const read = (line: string) => {
    lines.push(console.masked(line))
    parser.read(console.masked(line))
  }
  const over = new AbortController()
  let cause: HardwareError | undefined
  let why = `console ${console.name} was closed`
  const limit = startTimer(() => over.abort(), leftMs)
  let settling: NodeJS.Timeout | undefined
  try {
    for await (const line of console.lines({ signal: anySignal(over.signal, signal) })) {
      stopTimer(settling)
      read(line)
      if (log.isDone) break
      if (log.isSettling) settling = startTimer(() => over.abort(), settleMs)
    }
  } catch (error) {
    cause = error instanceof HardwareError && !over.signal.aborted ? error : undefined
    why = over.signal.aborted
      ? `the firmware did not end its tests within ${timeoutMs} ms`
      : (cause?.shortMessage.replace(/\.$/, '') ?? messageOf(error))
    // The last line, which has no end, or that of a guard.
    for (const line of console.peek().split(/\r?\n/).slice(lines.length)) if (line !== '' && !log.isDone) read(line)
  } finally {
    stopTimer(limit)
    stopTimer(settling)
  }
  parser.end?.()
  log.stop(why)
  if (log.tests.length === 0 && log.problems.length === 0) log.problem('the firmware has run no test')
  const { tests, problems } = log
  return problems.length === 0 ? { tests } : { tests, problem: problemOf(problems, lines, { console, format, cause }) }
}

function problemOf(
  problems: readonly string[],
  lines: readonly string[],
  { console, format, cause }: { console: TestConsole; format: TargetTestFormat; cause: HardwareError | undefined },
): HardwareError {
  const last = lines.filter((line) => line.trim() !== '').slice(-shown.lines)
  const sentence = `The tests of the firmware on console ${console.name} (${format}) are not complete: ${problems.join('; ')}.`
  const printed =
    last.length === 0
      ? ['It has printed nothing.']
      : ['Last lines:', ...last.map((line) => `  | ${cutText(line, shown.length)}`)]
  return new HardwareError('TARGET_TESTS_INCOMPLETE', [sentence, ...printed].join('\n'), {
    cause,
    origin: cause?.origin,
    details: { ...cause?.details, console: console.name },
    shortMessage: sentence,
  })
}
