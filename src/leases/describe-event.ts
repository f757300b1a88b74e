import { describeActivity } from './describe-activity.ts'
import { describeWait } from './describe-wait.ts'
import type { LeaseEvent } from './lease-event.ts'
import { leaseSentences } from './lease-sentences.ts'
import { describeOwner } from './machine-lock/exporter-lock.ts'
import type { FileWait, Holder, ImpossibleNeed, RunEvent, UnfinishedWork } from './run-event.ts'

/** The events of one type. */
type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { readonly type: Type }>

/** The sentence of each type of event; `undefined` for events that are recorded and not printed. */
const sentences: { readonly [Type in RunEvent['type']]: ((event: EventOf<Type>) => string) | undefined } = {
  exporterStarted: undefined,
  exporterNotStarted: ({ exporter, reason }) => `exporter ${exporter}: ${reason}`,
  exporterFailed: ({ exporter, reason, consequence }) => {
    if (consequence === 'notOurs') return `exporter ${exporter} has failed: ${reason}`
    return consequence === 'kept'
      ? `exporter ${exporter} has failed, and gets one more chance: ${reason}`
      : `exporter ${exporter} has failed twice, and is taken out of this run: ${reason}`
  },
  waiting: undefined,
  waitingLong: ({ file, for: wait }) => `${file} waits: ${describeFileWait(wait)}`,
  leased: undefined,
  refused: undefined,
  sessionStarted: undefined,
  sessionEnded: undefined,
  released: undefined,
  workerExited: ({ file, during }) => `The worker of ${file} has ended ${describeWork(during)}`,
  retried: ({ file, test, exporters, message }) =>
    `${file} > ${test} is tried again; on ${exporters.join(', ')} it failed: ${message}`,
  impossibleNeeds: ({ needs, advice }) => describeNeeds(needs, advice),
  hardwareSkipped: ({ tests, files }) => {
    const all = tests === 1 ? 'the only test that needs hardware was' : `all ${tests} tests that need hardware were`
    return `${all} skipped, because no exporter of the run has it (${files.join(', ')}); with hardware({ onMissing: 'fail' }), as in CI, they fail`
  },
  ...leaseSentences,
  interrupted: ({ signal }) => `${signal}: tests are cancelled and boards left safe; again to leave at once`,
  interruptTimedOut: ({ signal, waitedFor, limitMs }) => {
    const what = waitedFor === 'tests' ? 'the tests' : 'the boards'
    return `${what} did not end within ${limitMs} ms after ${signal}; the exporters leave the boards safe`
  },
}

/**
 * Says an event in words, for people who watch the run.
 *
 * @returns the sentence, which may have several lines; `undefined` for an event that is recorded and not printed
 */
export function describe(
  event: LeaseEvent | EventOf<'exporterFailed' | 'exporterNotStarted' | 'hardwareSkipped'>,
): string
export function describe(event: RunEvent): string | undefined
export function describe(event: RunEvent): string | undefined {
  const sentence = sentences[event.type] as ((event: RunEvent) => string) | undefined
  return sentence?.(event)
}

/** True for an event of an exporter or its lease. Its sentence needs the exporter in front of it. */
export function isLeaseEvent(event: RunEvent): event is LeaseEvent {
  return event.type in leaseSentences
}

/** Says why a file has no lease yet. */
export function describeFileWait(wait: FileWait): string {
  switch (wait.type) {
    case 'starting':
      return 'the exporters are still starting'
    case 'held':
      return Object.entries(wait.roles).map(describeRole).join('; ')
    case 'process':
      return `exporter ${wait.exporter} ${describeWait(wait)}`
    case 'reserving':
      return `exporter ${wait.exporter} is being leased`
    case 'controller':
    case 'failure':
      return `exporter ${wait.exporter}: ${describeWait(wait)}`
    case 'opening':
      return `a session of ${listExporters(wait.exporters)} is being opened`
    default:
      return wait satisfies never
  }
}

function describeRole([role, suitable]: [string, Extract<FileWait, { type: 'held' }>['roles'][string]]): string {
  const exporters = suitable.map(({ exporter, holder }) => {
    return holder === undefined ? `${exporter} is free` : `${exporter} is held by ${describeHolder(holder)}`
  })
  return `${role}: ${exporters.join(', ')}`
}

function describeHolder(holder: Holder): string {
  return holder.type === 'file' ? holder.file : describeOwner(holder.process)
}

function describeWork(work: UnfinishedWork): string {
  switch (work.type) {
    case 'waiting':
      return `while it waited: ${describeFileWait(work.for)}`
    case 'tests': {
      const exporters = work.exporters.map(({ exporter, activity }) => {
        return `exporter ${exporter}${activity === undefined ? '' : describeActivity(activity)}`
      })
      return `in the middle of a lease. It had:\n${exporters.join('\n')}`
    }
    case 'cleanup':
      return `before ${listExporters(work.exporters)} had been cleaned up`
    default:
      return work satisfies never
  }
}

function listExporters(names: readonly string[]): string {
  return names.map((name) => `exporter ${name}`).join(', ')
}

/** Files with the same reason share a paragraph. */
function describeNeeds(needs: readonly ImpossibleNeed[], advice: string | undefined): string {
  const paragraphs = Array.from(
    Map.groupBy(needs, ({ reason }) => reason),
    ([reason, alike]) => `${[...new Set(alike.map(({ file }) => file))].join(', ')}: ${reason}`,
  )
  const list = [...paragraphs, ...(advice === undefined ? [] : [advice])].join('\n')
  return `These needs cannot be met:\n${list.replaceAll(/^/gm, '  ')}`
}
