import type { LogLevel } from '../../base/log-level.ts'
import { retry } from '../../base/retry.ts'
import type { HardwareError } from '../../errors.ts'
import { ControllerCalls } from '../../protocol/controller/controller-calls.ts'
import { isTransientFailure } from '../../protocol/controller/controller-error.ts'
import type { LeaseSpec } from '../../protocol/controller/controller-messages.ts'
import { RouterTunnels } from '../../protocol/controller/router-tunnels.ts'
import type { LeaseEvent } from '../lease-event.ts'
import type { ReserveWait } from '../lease.ts'
import { acquireLease, type AcquiredLease, waitForExporter } from './acquire.ts'
import type { ClientConfig } from './client-config.ts'
import { ControllerLease } from './controller-lease.ts'

/** The time that a lease lasts unless it is extended, in milliseconds. */
const defaultDurationMs = 60_000
/** The longest time that a lease lasts in all: a day, or an hour where the controller cannot extend it. In milliseconds. */
const defaultMaxDurationMs = 86_400_000
const defaultLegacyDurationMs = 3_600_000

/** The pauses between two leases when the exporter of the first one cannot be reached, in milliseconds. */
const leaseRetry = { firstWaitMs: 1_000, maxWaitMs: 10_000 } as const

/** Options of {@link leaseFromController}. */
export interface ControllerLeaseOptions {
  readonly config: ClientConfig
  /** The lease to ask for, or the name of an existing lease, which is neither extended nor ended. */
  readonly lease: Omit<LeaseSpec, 'name' | 'durationMs' | 'maxDurationMs'> | string
  /** The time that the lease is asked for and extended by, in milliseconds (default one minute). */
  readonly durationMs?: number | undefined
  /**
   * The longest time that the lease may last in all, in milliseconds (default a day). A controller that cannot extend leases is
   * asked for all of it (default an hour).
   */
  readonly maxDurationMs?: number | undefined
  /** The longest wait for a free exporter, in milliseconds (default the limit of the configuration). */
  readonly maxWaitMs?: number | undefined
  /** The mildest lines of the exporter's log that are emitted during the lease (default `off`). */
  readonly logLevel?: LogLevel | undefined
  readonly signal?: AbortSignal | undefined
  /** Receives the events of the lease, of hooks and of tunnels. */
  readonly emit: (event: LeaseEvent) => void
  /** Receives the reason why there is no exporter yet (default: it is emitted as an event). */
  readonly waiting?: ((wait: ReserveWait) => void) | undefined
}

/**
 * Leases an exporter from Jumpstarter's controller, and waits until it is ready. Its endpoint is a private unix socket, to
 * which any number of clients may connect; each gets a separate tunnel.
 *
 * @throws HardwareError NO_EXPORTER, SELECTOR_INVALID, LEASE_TIMEOUT, LEASE_LOST, HOOK_FAILED, UNAUTHENTICATED,
 *   CONTROLLER_REFUSED, CONNECTION_FAILED
 */
export async function leaseFromController(options: ControllerLeaseOptions): Promise<ControllerLease> {
  const { config, lease, signal, emit } = options
  let exporter: string | undefined
  const leaseOnce = () => {
    exporter = undefined
    return openLease(options, (name) => (exporter = name))
  }
  return retry(leaseOnce, {
    ...leaseRetry,
    timeoutMs: config.retryTimeoutMs,
    // Another exporter may be reachable, or the same one later. Refusals of the controller are final.
    isRetryable: (error) => exporter !== undefined && typeof lease !== 'string' && isTransientFailure(error),
    failed: (error) => emit({ type: 'leaseRetried', exporter: exporter ?? '', error: error as HardwareError }),
    signal,
  })
}

async function openLease(options: ControllerLeaseOptions, found: (exporter: string) => void): Promise<ControllerLease> {
  const { config, lease, signal, emit, maxDurationMs = defaultMaxDurationMs, logLevel = 'off' } = options
  const durationMs = Math.min(options.durationMs ?? defaultDurationMs, maxDurationMs)
  const controller = new ControllerCalls(config)
  let acquired: AcquiredLease
  try {
    acquired = await acquire(controller, { ...options, durationMs })
  } catch (error) {
    controller.close()
    throw error
  }
  found(acquired.exporter)
  return ControllerLease.open({
    controller,
    tunnels: new RouterTunnels(config),
    acquired,
    isOwn: typeof lease !== 'string',
    durationMs,
    maxDurationMs,
    dialTimeoutMs: config.dialTimeoutMs,
    logLevel,
    signal,
    emit,
  })
}

async function acquire(
  controller: ControllerCalls,
  options: ControllerLeaseOptions & { readonly durationMs: number },
): Promise<AcquiredLease> {
  const { config, lease, durationMs, maxDurationMs = defaultLegacyDurationMs, maxWaitMs = Infinity } = options
  const { signal, emit, waiting = (wait) => emit({ type: 'reserveWait', exporter: nameOf(lease), wait }) } = options
  const limits = { timeoutMs: Math.min(config.acquisitionTimeoutMs, maxWaitMs), signal, waiting }
  if (typeof lease !== 'string') return acquireLease(controller, { ...lease, durationMs, maxDurationMs }, limits)
  return waitForExporter(controller, lease, limits)
}

function nameOf(lease: ControllerLeaseOptions['lease']): string {
  return typeof lease === 'string' ? `lease ${lease}` : (lease.exporter ?? lease.selector)
}
