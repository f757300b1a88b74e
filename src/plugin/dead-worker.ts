import type { RunnerTestCase, RunnerTestSuite } from 'vitest'

import { exporterFacts } from '../base/exporter-facts.ts'
import type { HardwareOfProcess } from '../broker/file-request.ts'
import type { TestHardware } from '../broker/messages.ts'
import type { ErrorCode } from '../errors.ts'

const code: ErrorCode = 'WORKER_EXITED'

/** The end of a worker's process. */
export interface WorkerExit {
  readonly pid: number
  /** The reason in words: `signal SIGKILL`, `exit code 134`. */
  readonly reason: string
}

/**
 * Fails the tests that a worker was running when its process ended, and skips those that it had not begun. Vitest leaves all of
 * them without a result, which JUnit's reporter writes as passed.
 *
 * @param tests all tests of the run
 * @returns the tests that have failed; none if the worker had finished its file
 */
export function failTestsOfDeadWorker(
  tests: Iterable<RunnerTestCase>,
  { file, project, exporters }: HardwareOfProcess,
  { pid, reason }: WorkerExit,
): readonly RunnerTestCase[] {
  const unfinished = Array.from(tests).filter((test) => {
    return test.file.filepath === file && (test.file.projectName ?? '') === project && isUnfinished(test)
  })
  // Several if they are concurrent; none if Vitest has not been told of the test that began last.
  const running = unfinished.filter(({ result }) => result?.state === 'run')
  const failed = running.length > 0 ? running : unfinished.slice(0, 1)
  const facts = [...exporterFacts(exporters), 'origin: test'].join(', ')
  const message = `The worker of this test, process ${pid}, has ended with ${reason}\n\n(${facts})`
  const hardware: TestHardware = { exporters, code, origin: 'test' }
  for (const test of unfinished) {
    if (failed.includes(test)) {
      test.result = { ...test.result, state: 'fail', errors: [errorOf(message)] }
      test.meta.hardware = hardware
      // The summary of a run counts a file by its own state.
      for (const task of [test.file, ...suitesOf(test)]) task.result = { ...task.result, state: 'fail' }
    } else {
      test.mode = 'skip'
      test.result = { state: 'skip' }
    }
  }
  return failed
}

function suitesOf({ suite }: { readonly suite?: RunnerTestSuite }): readonly RunnerTestSuite[] {
  return suite === undefined ? [] : [suite, ...suitesOf(suite)]
}

function isUnfinished({ mode, result }: RunnerTestCase): boolean {
  return !['skip', 'todo'].includes(mode) && (result === undefined || ['run', 'queued'].includes(result.state))
}

/** An error as Vitest's reporters get them: a copy without its class, and with the places of its stack. */
function errorOf(message: string) {
  return { name: 'HardwareError', message, code, origin: 'test', stack: `HardwareError: ${message}`, stacks: [] }
}
