import type { LogLevel } from '../../base/log-level.ts'
import { onAbort } from '../../base/abort.ts'
import { Cleanups } from '../../base/cleanups.ts'
import { pause } from '../../base/pause.ts'
import type { ControllerEndpoint } from '../../protocol/controller/controller-messages.ts'
import type { ExporterAssignment, ExporterCalls } from '../../protocol/controller/exporter-calls.ts'
import type { ExporterState, ExporterStatusName } from '../../protocol/exporter.ts'
import type { Exporter } from '../exporter.ts'
import { type OpenSession, openSession } from '../open-session.ts'
import { LeaseTunnels } from './lease-tunnels.ts'

/**
 * The longest time in which clients can still read that their lease has ended, or why the session has failed, in milliseconds;
 * Jumpstarter's exporter has the same.
 * A client that has read it gives the lease back, and the controller ends it.
 */
const endNoticeMs = 1_000

/** Options of {@link serveLease}. */
export interface ServeLeaseOptions {
  readonly calls: ExporterCalls
  readonly endpoint: ControllerEndpoint
  readonly print: (line: string) => void
  /** The mildest lines of the drivers' log that are printed. */
  readonly logLevel?: LogLevel | undefined
  /** Receives every status for the controller. */
  readonly report: (status: ExporterStatusName, message?: string) => void
  /** Aborted when the controller has ended the lease, or this process ends. */
  readonly over: AbortSignal
}

/**
 * Serves one lease of a controller: a session, with a tunnel for each client that dials, until the lease is over or its client
 * ends it.
 *
 * @throws HardwareError HOOK_FAILED, the errors of `openSession`, and those of the clean-up
 */
export async function serveLease(
  exporter: Exporter,
  { lease, client }: ExporterAssignment,
  { calls, endpoint, print, logLevel, report, over }: ServeLeaseOptions,
): Promise<void> {
  const state = ({ status, message }: ExporterState) => {
    // The end of the lease is reported when everything has ended.
    if (status !== 'AVAILABLE' && status !== 'OFFLINE') report(status, message)
  }
  const opening = openSession(exporter, { print, logLevel, signal: over, lease: { name: lease, client, state } })
  const address = opening.then((session) => session.address)
  // The error is thrown below.
  address.catch(() => undefined)
  const tunnels = new LeaseTunnels(lease, { calls, endpoint, print, address, over })
  const cleanups = new Cleanups()
  cleanups.add('the tunnels of the lease', () => tunnels.close())
  try {
    const open = await opening
    cleanups.add('the session of the lease', () => open.close(), 'self-limited')
    await untilOver(open, over)
    open.session.setStatus('AVAILABLE', await open.endLease())
    await pause(endNoticeMs, { signal: over }).catch(() => undefined)
  } catch (error) {
    await cleanups.runAfter(error)
  }
  await cleanups.run()
}

/** Waits until the lease is over, or a client ends it. @throws HardwareError EXPORTER_FAILED when the session has failed */
function untilOver({ session }: OpenSession, over: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    onAbort(over, resolve)
    session.events.once('end', resolve)
    onAbort(session.failed, () => void pause(endNoticeMs).then(() => reject(session.failed.reason)))
  })
}
