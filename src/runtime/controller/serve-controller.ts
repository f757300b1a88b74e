import type { LogLevel } from '../../base/log-level.ts'
import { anySignal, onAbort } from '../../base/abort.ts'
import { Cleanups } from '../../base/cleanups.ts'
import { RepeatedFailures } from '../../base/repeated-failures.ts'
import { retry } from '../../base/retry.ts'
import { messageOf } from '../../errors.ts'
import type { ControllerEndpoint } from '../../protocol/controller/controller-messages.ts'
import { type ExporterAssignment, ExporterCalls } from '../../protocol/controller/exporter-calls.ts'
import { nameLabel } from '../../protocol/labels.ts'
import type { Exporter } from '../exporter.ts'
import { isHookFailure } from '../hooks.ts'
import { createSession } from '../open-session.ts'
import { CurrentLease } from './current-lease.ts'
import { endReportTimeoutMs, registrationRetry } from './limits.ts'
import { resubscribe } from './resubscribe.ts'
import { StatusReporter } from './status-reporter.ts'

/** Options of {@link serveController}. */
export interface ServeControllerOptions {
  readonly endpoint: ControllerEndpoint
  readonly print: (line: string) => void
  /** The mildest lines of the drivers' log that are printed. */
  readonly logLevel?: LogLevel | undefined
  /** Ends the service at once; the current lease ends in order. */
  readonly signal: AbortSignal
  /** Ends the service after the current lease. */
  readonly whenFree?: AbortSignal | undefined
}

/**
 * Registers an exporter with Jumpstarter's controller and serves its leases, one after another, until a signal ends the
 * service.
 *
 * @throws HardwareError the controller's refusals, and the failure of a hook that takes the exporter out of service
 */
export async function serveController(exporter: Exporter, options: ServeControllerOptions): Promise<void> {
  const { endpoint, print, logLevel, signal, whenFree } = options
  const stop = new AbortController()
  const isOver = anySignal(signal, stop.signal)
  const calls = new ExporterCalls(endpoint)
  const reporter = new StatusReporter(calls, print)
  const outOfService = (error: unknown) => stop.abort(error)
  const current = new CurrentLease(exporter, { calls, endpoint, print, logLevel, reporter, outOfService })
  const stopListening = onAbort(whenFree, () => void current.served.then(() => stop.abort()))
  const cleanups = new Cleanups()
  cleanups.add('the connection to the controller', () => calls.close())
  cleanups.add('the end of the registration', () => unregister(calls, print), 'self-limited')
  cleanups.add('the last report', () => reportOffline(reporter), 'self-limited')
  cleanups.add('the end of the lease', () => current.end(), 'self-limited')
  cleanups.add('the wait for the end of the lease', stopListening)
  try {
    await register(exporter, calls, { print, signal, isOver })
    print(`exporter ${exporter.name} is registered with ${endpoint.address}; Ctrl-C ends it`)
    const isOnline = (assignment: ExporterAssignment | undefined) => {
      if (!reporter.repeat() && assignment === undefined) reporter.report('AVAILABLE')
    }
    const open = () => withFirst(calls.assignments(isOver), isOnline)
    const assignments = resubscribe(open, { name: 'Status', print, signal: isOver })
    for await (const assignment of assignments) {
      current.change(whenFree?.aborted === true ? undefined : assignment)
    }
    if (isHookFailure(stop.signal.reason)) throw stop.signal.reason
  } catch (error) {
    await cleanups.runAfter(error)
  }
  await cleanups.run()
}

/**
 * Calls a function with the first value of a stream. For the Status stream, that is when the controller has cleared the status of
 * an exporter that was offline; it would clear one that is reported earlier, too.
 */
async function* withFirst<T>(stream: AsyncGenerator<T>, receive: (first: T) => void): AsyncGenerator<T, void, void> {
  let isFirst = true
  for await (const value of stream) {
    if (isFirst) receive(value)
    isFirst = false
    yield value
  }
}

interface RegisterOptions {
  readonly print: (line: string) => void
  readonly signal: AbortSignal
  readonly isOver: AbortSignal
}

async function register(
  exporter: Exporter,
  calls: ExporterCalls,
  { print, signal, isOver }: RegisterOptions,
): Promise<void> {
  const labels = { ...exporter.labels, [nameLabel]: exporter.name }
  const { drivers } = createSession(exporter).report()
  const failures = new RepeatedFailures()
  await retry(() => calls.register({ labels, drivers }, { signal }), {
    ...registrationRetry,
    failed: (error) => {
      const reason = messageOf(error)
      if (failures.add(reason)) print(`warning: the exporter is registered again in a while: ${reason}`)
    },
    signal: isOver,
  })
  const count = failures.end()
  if (count > 1) print(`the exporter is registered, after ${count} failures`)
}

async function reportOffline(reporter: StatusReporter): Promise<void> {
  reporter.report('OFFLINE')
  await reporter.flush(endReportTimeoutMs)
  reporter.close()
}

async function unregister(calls: ExporterCalls, print: (line: string) => void): Promise<void> {
  try {
    await calls.unregister('the exporter has been stopped', { timeoutMs: endReportTimeoutMs })
  } catch (error) {
    print(`warning: the controller was not told that the exporter has been stopped: ${messageOf(error)}`)
  }
}
