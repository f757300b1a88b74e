import { type ErrorOrigin, HardwareError } from '../errors.ts'
import type { RecordedStep } from '../recording/recorder.ts'
import { failedStep } from './attempt.ts'

/** The shortest text that is looked for inside of what a board has said, in UTF-16 code units. */
const shortestText = 3

/** The error of a test, as Vitest keeps it: a copy without its class. */
export interface FailedAssertion {
  readonly message: string
  readonly actual?: unknown
}

/** The errors of Vitest's time limits have no class in Vitest 4. */
export const isTimeLimit = / timed out (?:in|after) \d+ ?ms/

/**
 * Finds the party that has to act on an error that names none. That is the test, as for a mistake in it and for its time limit,
 * unless an assertion was about a value that the board has given: then it is the firmware, whose output it was, or the board that was
 * measured. A time limit that ends a wait for the hardware is the fault of what was waited for.
 */
export function originOfFailure({ message, actual }: FailedAssertion, steps: readonly RecordedStep[]): ErrorOrigin {
  if (isTimeLimit.test(message)) return originOfWait(steps)
  const shown = textOf(actual)
  if (shown === '') return 'test'
  const source = steps.findLast(({ error, result }) => error === undefined && hasGiven(result, shown))
  if (source === undefined) return 'test'
  return source.call === undefined || source.kind === 'expect' ? 'firmware' : 'board'
}

/** A step that its test did not live to see the end of was cancelled, or goes on. */
function originOfWait(steps: readonly RecordedStep[]): ErrorOrigin {
  const last = failedStep(steps)
  const isCut = last?.end === undefined || (last.error instanceof HardwareError && last.error.code === 'CALL_CANCELLED')
  if (last === undefined || !isCut || last.kind === 'step') return 'test'
  return last.kind === 'expect' ? 'firmware' : 'board'
}

function hasGiven(result: unknown, actual: string): boolean {
  if (typeof result === 'object' && result !== null) {
    return Object.values(result).some((part) => hasGiven(part, actual) || isShownIn(part, actual))
  }
  const text = textOf(result)
  return text === actual || (typeof result === 'string' && actual.length >= shortestText && text.includes(actual))
}

/** The text of a primitive value; empty for others. */
function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

/** True for a value that stands in the printed form of an object. */
function isShownIn(part: unknown, actual: string): boolean {
  return typeof part === 'string' && part.length >= shortestText && actual.includes(part)
}
