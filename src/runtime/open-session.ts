import { join } from 'node:path'

import { HardwareError, messageOf } from '../errors.ts'
import { createPrivateFolder } from '../private-folder.ts'
import type { Address } from '../protocol/address.ts'
import type { ExporterState } from '../protocol/channel.ts'
import { nameLabel } from '../protocol/labels.ts'
import type { Exporter } from './exporter.ts'
import { LeaseHooks } from './lease-hooks.ts'
import { findSafeCalls } from './safe-state.ts'
import type { ListenSecurity, SessionServer } from './service/server.ts'
import { Session } from './session.ts'

/** Begins to load what {@link openSession} needs and is slow to load, for processes that will open one. */
export function preloadServer(): void {
  // What fails here fails again, and is told, when the session is opened.
  import('./service/server.ts').catch(() => undefined)
}

/** A session that clients can reach, and that drivers live in. */
export interface OpenSession extends AsyncDisposable {
  readonly session: Session
  /** A unix socket's path, or `host:port`. */
  readonly address: string
  /** Runs the hook after the lease, while clients can still reach the session. May be called again. */
  endLease(): Promise<void>
  /** Ends it: no more calls, drivers closed, sockets removed. May be called again. */
  close(): Promise<void>
}

/** Where a session listens, and to whom. */
export interface ListenOptions {
  /** Where; without one, on a private unix socket. */
  readonly address?: Address | undefined
  /** What clients need besides the address (default: nothing). */
  readonly security?: ListenSecurity | undefined
}

/** A lease that a controller has given. */
interface SessionLease {
  readonly name: string
  readonly client: string
  /** Is told every state of the session. */
  readonly state: (state: ExporterState) => void
}

/** What {@link openSession} takes besides the exporter. */
export interface OpenSessionOptions extends ListenOptions {
  /** Gets what hooks print, a line at a time, and their warnings. */
  readonly print?: (line: string) => void
  /** The lease, where it is a controller's, for hooks and for who watches its state. */
  readonly lease?: SessionLease | undefined
  /** Ends the start: the wait for drivers that are reset, and a hook that is running before the lease. */
  readonly signal?: AbortSignal
}

/**
 * Starts a session of an exporter: makes its drivers, resets them, listens, and runs the exporter's beforeLease hook.
 * Closing it runs the afterLease hook first, and brings the devices to their safe state.
 *
 * @throws HardwareError HOOK_FAILED when the hook fails and is not only to warn
 */
export async function openSession(exporter: Exporter, options: OpenSessionOptions = {}): Promise<OpenSession> {
  const session = createSession(exporter)
  const { hooks = {} } = exporter
  const { print = () => undefined, signal, lease, ...listen } = options
  if (lease !== undefined) session.events.on('state', lease.state)
  const start = { ...listen, signal }
  if (hooks.beforeLease === undefined && hooks.afterLease === undefined) return startSession(session, start)
  return startSession(session, start, new LeaseHooks(session, hooks, { print, signal, lease }))
}

/**
 * Brings the devices of an exporter to their safe state, in a session that nobody can reach, without hooks.
 *
 * @throws AggregateError with all that failed
 */
export async function makeExporterSafe(exporter: Exporter): Promise<void> {
  const session = createSession(exporter)
  try {
    await session.start()
  } finally {
    await session.close()
  }
}

/** A session of an exporter that has not begun. */
export function createSession(exporter: Exporter): Session {
  const labels = { ...exporter.labels, [nameLabel]: exporter.name }
  const root = exporter.createRoot()
  const { calls: safe, mistakes } = findSafeCalls(root, exporter.safe)
  if (mistakes.length > 0) throw new HardwareError('EXPORTER_CONFIG_INVALID', mistakes.join('; '))
  return new Session(root, { labels, safe })
}

/** Starts a session: resets its drivers, listens, and runs its hooks, if it has some. */
export async function startSession(
  session: Session,
  { address, security, signal }: ListenOptions & { readonly signal?: AbortSignal | undefined } = {},
  hooks?: LeaseHooks,
): Promise<OpenSession> {
  const cleanups: (() => Promise<void>)[] = [() => session.close()]
  const closeAll = async () => {
    const errors: unknown[] = []
    for (const cleanup of cleanups.splice(0).toReversed()) {
      await cleanup().catch((error: unknown) => errors.push(error))
    }
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, errors.map(messageOf).join('; '))
  }
  const listen = async (where: Address, clients?: ListenSecurity): Promise<SessionServer> => {
    const { serveSession } = await import('./service/server.ts')
    const server = await serveSession(session, where, clients)
    cleanups.push(() => server.close())
    return server
  }
  const listenPrivately = async (clients?: ListenSecurity): Promise<SessionServer> => {
    const folder = await createPrivateFolder()
    cleanups.push(() => folder.remove())
    return listen({ kind: 'unix', path: join(folder.path, 'session.sock') }, clients)
  }
  let leaseEnded: Promise<void> | undefined
  let endLease = async (): Promise<void> => undefined
  try {
    await session.start(hooks?.beforeLease === undefined ? 'LEASE_READY' : 'BEFORE_LEASE_HOOK', signal)
    const server = address === undefined ? await listenPrivately(security) : await listen(address, security)
    if (hooks !== undefined) {
      // Hooks have a socket of their own, because they know neither the passphrase nor the certificate's authority.
      const own = security === undefined && address === undefined ? server : await listenPrivately()
      await hooks.before(own.address)
      endLease = () => (leaseEnded ??= hooks.after(own.address))
      cleanups.push(endLease)
    }
    let closing: Promise<void> | undefined
    const close = () => (closing ??= closeAll())
    return { session, address: server.address, endLease, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await closeAll().catch(() => undefined)
    throw error
  }
}
