import { messageOf } from '../errors.ts'
import { isTokenRefused } from '../protocol/controller/controller-error.ts'
import type { LeaseHolder, ReserveWait } from './lease.ts'
import { describeOwner } from './machine-lock/exporter-lock.ts'

/** The number of lease holders that are named. */
const maxHolders = 5

/** Says why an exporter cannot be reserved yet, as the end of a sentence that begins with the exporter. */
export function describeWait(wait: ReserveWait): string {
  if (wait.type === 'process') return `is held by ${describeOwner(wait.process)}`
  return wait.type === 'controller' ? `${wait.reason}${describeHolders(wait.holders)}` : describeFailure(wait.error)
}

function describeFailure(error: unknown): string {
  return `${messageOf(error)}${isTokenRefused(error) ? ' (a controller that has just started refuses every token)' : ''}`
}

function describeHolders(holders: readonly LeaseHolder[]): string {
  if (holders.length === 0) return ''
  const named = holders.slice(0, maxHolders).map(({ exporter, client, until }) => {
    return `${exporter} is leased by ${client}${until === undefined ? '' : ` until ${formatTime(until)}`}`
  })
  const rest = holders.length > maxHolders ? [`and ${holders.length - maxHolders} more`] : []
  return `; ${[...named, ...rest].join(', ')}`
}

function formatTime(time: Date): string {
  return time.toTimeString().slice(0, 8)
}
