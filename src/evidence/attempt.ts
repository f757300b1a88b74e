import type { Recorder, RecordedConsole, RecordedStep } from '../recording/recorder.ts'

/** One attempt of a test, when it has ended. */
export interface Attempt {
  readonly recorder: Recorder
  /** The steps of the attempt, in the order of their begin. */
  readonly steps: readonly RecordedStep[]
  /** The times of its begin and end, in milliseconds as of `now()`. */
  readonly start: number
  readonly end: number
  /** The length of each console's output at the begin, in UTF-16 code units. */
  readonly outputAtStart: ReadonlyMap<RecordedConsole, number>
  /** The number of the retry, and that of the repetition, as Vitest counts them. */
  readonly retry: number
  readonly repeats: number
  /** The names of the exporters, by role. */
  readonly exporters: Readonly<Record<string, string>>
}

/** The step that failed last, or else the last step: the inner one of those that end together. */
export function failedStep(steps: readonly RecordedStep[]): RecordedStep | undefined {
  return steps.findLast(({ error, end }) => error !== undefined || end === undefined) ?? steps.at(-1)
}
