import { messageOf } from '../errors.ts'
import { describeWait } from './describe-wait.ts'
import type { LeaseEvent } from './lease-event.ts'

/** The sentences of {@link LeaseEvent}s. They name the exporter only where the sentence needs the name. */
export const leaseSentences: {
  readonly [Type in LeaseEvent['type']]: (event: Extract<LeaseEvent, { readonly type: Type }>) => string
} = {
  exporterOutput: ({ line }) => line,
  exporterWarning: ({ message }) => `warning: ${message}`,
  reserveWait: ({ exporter, wait }) =>
    `waiting: ${wait.type === 'process' ? `${exporter} ${describeWait(wait)}` : describeWait(wait)}`,
  hookWait: ({ exporter, hook }) => `waiting: exporter ${exporter} runs its ${hook} hook`,
  hookFailed: ({ message }) => `warning: ${message ?? 'its hook failed'}`,
  leaseRetried: ({ error }) => `warning: another exporter is leased: ${messageOf(error)}`,
  renewalFailed: ({ lease, error }) =>
    `warning: lease ${lease} could not be extended or read; trying again: ${messageOf(error)}`,
  tunnelFailed: ({ error }) => `warning: ${messageOf(error)}`,
  recovered: ({ exporter, lease, work, failures }) => {
    const count = `after ${failures} ${failures === 1 ? 'failure' : 'failures'}`
    return work === 'tunnel'
      ? `exporter ${exporter} is reached again, ${count}`
      : `lease ${lease} is read again, ${count}`
  },
  leaseNotReturned: ({ lease, error }) =>
    `warning: lease ${lease} could not be given back, and ends by itself soon: ${messageOf(error)}`,
  cleanupFailed: ({ error }) => `warning: ${messageOf(error)}`,
}
