import { HardwareError, messageOf, stackOf } from '../errors.ts'
import { type CallOwner, currentCall } from './call.ts'

/** A session, for the errors of its drivers. */
export interface FailingSession {
  /** True if the driver belongs to the session. */
  has(driver: object): boolean
  /** Ends the calls of clients with the error, and makes the devices safe. */
  fail(error: HardwareError): Promise<void>
}

/** The sessions of this process that have begun and are not closed. */
const sessions = new Set<FailingSession>()

/** Lets the errors that no call can report end a session, until it is closed. @returns a function that ends that */
export function watchSession(session: FailingSession): () => void {
  sessions.add(session)
  return () => void sessions.delete(session)
}

/** Options of {@link handleStrayErrors}. */
export interface StrayErrorOptions {
  /** Receives the error with its stack, for people. */
  readonly print: (text: string) => void
  /**
   * Called at an exception, with a promise that is fulfilled when the devices are safe. The process has to end then: Node.js does
   * not promise that it still works.
   */
  readonly untrusted: (error: HardwareError, safe: Promise<unknown>) => void
}

/**
 * Handles the errors of this process that no call can report: a promise that a driver has forgotten, a timer that throws, an
 * `error` event without a listener. The error is printed with the driver, where that is known; the session that has the driver
 * fails, which makes its devices safe.
 */
export function handleStrayErrors({ print, untrusted }: StrayErrorOptions): void {
  const fail = (cause: unknown) => {
    const owner = currentCall()?.owner
    const error = strayError(cause, owner)
    print(`error: ${error.message}\n${stackOf(cause)}`)
    const { driver } = owner ?? {}
    // The error of a driver of an earlier session is not that of the session which is open now.
    const concerned = Array.from(sessions).filter((session) => driver === undefined || session.has(driver))
    return { error, safe: Promise.all(concerned.map((session) => session.fail(error))) }
  }
  process.on('unhandledRejection', (reason) => void fail(reason))
  process.on('uncaughtException', (cause) => {
    const { error, safe } = fail(cause)
    untrusted(error, safe)
  })
}

function strayError(cause: unknown, owner: CallOwner | undefined): HardwareError {
  const place = owner === undefined ? 'the exporter' : `driver ${owner.name}`
  const message = `an error in ${place} that no call has caught: ${messageOf(cause)}`
  return new HardwareError('EXPORTER_FAILED', message, { cause, details: { driver: owner?.path } })
}
