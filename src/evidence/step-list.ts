import { now } from '../base/clock.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { RecordedStep } from '../recording/recorder.ts'
import { showStep } from '../recording/show-step.ts'
import type { Attempt } from './attempt.ts'

/** An attempt, or steps outside of a test: those begin with the first step, and end now. */
type ListedSteps = Pick<Attempt, 'recorder' | 'steps'> & Partial<Pick<Attempt, 'start' | 'end'>>

/** The most steps in the list. */
const shownSteps = 12

/** Lists the last steps of an attempt, a line for each, with the time since the begin of the attempt. Inner steps are indented. */
export function listSteps({ recorder, steps, start = steps[0]?.start ?? 0, end = now() }: ListedSteps): string {
  const shown = steps.slice(-shownSteps)
  const lines = shown.map((step) => {
    const began = `${((step.start - start) / 1000).toFixed(3)} s`.padStart(11)
    const took = `${((step.end ?? end) - step.start).toFixed(0)} ms`.padStart(9)
    return `${began} ${took}  ${'  '.repeat(depthOf(step))}${showStep(step, recorder)}${outcomeOf(step, recorder.mask.bind(recorder))}`
  })
  const earlier = steps.length - shown.length
  return [...(earlier > 0 ? [`… ${earlier} earlier steps`] : []), ...lines].join('\n')
}

function depthOf({ parent }: RecordedStep): number {
  return parent === undefined ? 0 : 1 + depthOf(parent)
}

function outcomeOf({ end, error }: RecordedStep, mask: (text: string) => string): string {
  // The message of a HardwareError stands beside the list.
  if (error instanceof HardwareError) return ` ✗ ${error.code}`
  if (error !== undefined) return ` ✗ ${mask(messageOf(error)).split('\n')[0]}`
  return end === undefined ? ' … has not ended' : ''
}
