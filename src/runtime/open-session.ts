import { HardwareError } from '../errors.ts'
import type { Address } from '../protocol/address.ts'
import type { ExporterState } from '../protocol/exporter.ts'
import { describeLogLine, isShown, type LogLevel } from '../base/log-level.ts'
import { nameLabel } from '../protocol/labels.ts'
import type { Exporter } from './exporter.ts'
import { LeaseHooks } from './lease-hooks.ts'
import type { LogBroadcast } from './log-broadcast.ts'
import { findSafeCalls } from './safe-state.ts'
import { ServedSession } from './served-session.ts'
import type { ListenSecurity } from './service/server.ts'
import { Session, type SessionOptions } from './session.ts'

/** Begins to load the server, which takes long, in a process that will call {@link openSession}. */
export function preloadServer(): void {
  // A failure comes again when the session is opened, and is reported then.
  import('./service/server.ts').catch(() => undefined)
}

/** A session that clients can reach, and that drivers live in. */
export interface OpenSession extends AsyncDisposable {
  readonly session: Session
  /** The path of a unix socket, or `host:port`. */
  readonly address: string
  /**
   * Runs the hook after the lease, while clients can still reach the session. May be called again.
   *
   * @returns the message for the session's state if the hook has failed and that is only a warning
   */
  endLease(): Promise<string | undefined>
  /** Ends the session: no more calls, drivers closed, sockets removed. May be called again. */
  close(): Promise<void>
}

/** The place where a session listens, and the credentials of its clients. */
export interface ListenOptions {
  /** The address (default: a private unix socket). */
  readonly address?: Address | undefined
  /** The credentials that clients need besides the address (default: none). */
  readonly security?: ListenSecurity | undefined
  /** Lets clients take leases, which keep other clients away from the drivers (default false). */
  readonly givesLeases?: boolean | undefined
  /** The time after which a client without a sign of life loses its lease, in milliseconds (default 15 s). */
  readonly silenceMs?: number | undefined
}

/** A lease that a controller has given. */
interface SessionLease {
  readonly name: string
  readonly client: string
  /** Receives every state of the session. */
  readonly state: (state: ExporterState) => void
}

/** Options of {@link openSession}. */
export interface OpenSessionOptions extends ListenOptions {
  /** Receives the output of hooks, a line at a time, and the refusals of clients. */
  readonly print?: ((line: string) => void) | undefined
  /** The mildest lines of the log that are printed, among them the warnings of hooks (default: none are). */
  readonly logLevel?: LogLevel | undefined
  /** The lease of a controller, for hooks and for the code that watches the session's state. */
  readonly lease?: SessionLease | undefined
  /** Ends the start: the wait for drivers that are reset, and the hook before the lease. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Starts a session of an exporter: makes its drivers, resets them, listens, and runs the exporter's beforeLease hook. The end of
 * the session first runs the afterLease hook, and brings the devices to their safe state.
 *
 * @throws HardwareError HOOK_FAILED when a hook fails whose `onFailure` is not `warn`
 */
export async function openSession(exporter: Exporter, options: OpenSessionOptions = {}): Promise<OpenSession> {
  const { hooks = {}, environment } = exporter
  const { print = () => undefined, logLevel, signal, lease, ...listen } = options
  // The clients of a controller come from other machines, through a socket of this one.
  const session = createSession(exporter, { errorStacks: lease === undefined ? undefined : false })
  if (logLevel !== undefined) printLog(session.log, logLevel, print)
  if (lease !== undefined) session.events.on('state', lease.state)
  const hasHooks = hooks.beforeLease !== undefined || hooks.afterLease !== undefined
  const leaseHooks = hasHooks ? new LeaseHooks(session, hooks, { print, signal, lease, environment }) : undefined
  return ServedSession.start(session, { ...listen, print, signal, hooks: leaseHooks })
}

/**
 * Brings the devices of an exporter to their safe state, in a session that nobody can reach, without hooks.
 *
 * @throws AggregateError with all failures
 */
export async function makeExporterSafe(exporter: Exporter): Promise<void> {
  const session = createSession(exporter)
  try {
    await session.start()
  } finally {
    await session.close()
  }
}

/**
 * Makes the drivers of an exporter and a session for them, which has not started.
 *
 * @throws HardwareError EXPORTER_CONFIG_INVALID for a call in `safe` that the drivers do not have
 */
export function createSession(exporter: Exporter, { errorStacks }: Pick<SessionOptions, 'errorStacks'> = {}): Session {
  const labels = { ...exporter.labels, [nameLabel]: exporter.name }
  const root = exporter.createRoot()
  const { calls: safe, mistakes } = findSafeCalls(root, exporter.safe)
  if (mistakes.length > 0) {
    const details = { exporter: exporter.name }
    throw new HardwareError('EXPORTER_CONFIG_INVALID', mistakes.join('; '), { details })
  }
  return new Session(root, {
    labels,
    safe,
    motd: exporter.motd,
    environment: exporter.environment,
    errorStacks: exporter.errorStacks ?? errorStacks,
    presignedAddresses: exporter.presignedAddresses,
  })
}

/** Prints the lines of the log. Hooks print their output themselves. */
function printLog(log: LogBroadcast, level: LogLevel, print: (line: string) => void): void {
  log.forward((entry) => {
    if (isShown(entry, level)) print(describeLogLine(entry))
  })
}
