import type { RecordedStep } from '../recording/recorder.ts'
import { showStep } from '../recording/show-step.ts'
import type { Attempt } from './attempt.ts'
import { benchPage, pageSize } from './bench-page.ts'
import { siteOf } from './site-of.ts'

/** The most steps of a trace: each has a page of some kilobytes. */
const maxEntries = 100

/**
 * Makes the artifact that Vitest's trace viewer shows: the steps of an attempt, each with a page of the bench. The viewer was made
 * for tests in browsers, and the type of its artifacts is internal to Vitest: this module alone knows it. Vitest 5.1 shows the
 * steps under the error at the terminal, and in its UI and HTML report with their pages; Vitest 4 shows nothing of it.
 */
export function traceArtifact(attempt: Attempt): { readonly type: string; readonly data: unknown } {
  const { retry, repeats, steps } = attempt
  const entries = steps.slice(-maxEntries).map((step) => entryOf(attempt, step))
  return { type: 'internal:browserTrace', data: { retry, repeats, recordCanvas: false, entries } }
}

const kinds = { action: 'action', call: 'action', expect: 'expect', step: 'mark' } as const

function entryOf(attempt: Attempt, step: RecordedStep): unknown {
  const location = siteOf(stackOf(step))
  return {
    name: showStep(step, attempt.recorder),
    kind: kinds[step.kind],
    status: step.error === undefined && step.end !== undefined ? 'pass' : 'fail',
    startTime: step.start - attempt.start,
    duration: (step.end ?? attempt.end) - step.start,
    ...(location === undefined ? {} : { location }),
    snapshot: {
      serialized: benchPage(attempt, step),
      viewport: pageSize,
      scroll: { x: 0, y: 0 },
      pseudoClassIds: {},
    },
  }
}

/** The stack of a step, or of the one that it is part of. */
function stackOf({ site, parent }: RecordedStep): string | undefined {
  return site === undefined && parent !== undefined ? stackOf(parent) : site?.stack
}
