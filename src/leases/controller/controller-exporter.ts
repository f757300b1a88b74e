import { HardwareError, messageOf } from '../../errors.ts'
import { eitherSignal } from '../../protocol/either-signal.ts'
import type { LeasableExporter, ReserveOptions } from '../lease.ts'
import type { ClientConfig } from './client-config.ts'
import type { ControllerLease, ControllerLeaseOptions } from './controller-lease.ts'
import { factsOf } from './facts.ts'

/**
 * How long one of several leases is waited for before all are given back, in milliseconds; and up to as much again, by
 * chance, so that two runs that hold what the other needs do not do so for ever.
 */
const patienceMs = 10_000

/** What {@link exporterFromController} takes. */
export interface ControllerExporterOptions extends Pick<
  ControllerLeaseOptions,
  'durationMs' | 'maxDurationMs' | 'print'
> {
  /** Reads the configuration of the client, which may have got another token meanwhile. */
  readonly config: () => Promise<ClientConfig>
  readonly selector: string
}

/**
 * Whatever exporter of a controller has some labels. To reserve it is to lease one, unless one is leased; it is given back
 * when it is freed.
 */
export function exporterFromController(options: ControllerExporterOptions): LeasableExporter {
  const { config, selector, durationMs, maxDurationMs } = options
  const what = `${selector === '' ? 'any' : selector} of the controller`
  let leased: ControllerLease | undefined
  const name = () => leased?.exporter.name ?? what
  const print = (line: string) => options.print(`[${name()}] ${line}`)
  const giveUp = new AbortController()
  /** What has been begun, and has to end before the run does. */
  const pending = new Set<Promise<void>>()
  const during = (work: Promise<void>): Promise<void> => {
    pending.add(work)
    const over = () => pending.delete(work)
    work.then(over, over)
    return work
  }

  const free = async () => {
    const over = leased
    leased = undefined
    if (over !== undefined) await during(over.release())
  }
  const reserve = async ({ signal, file, pending: waiting, isOneOfSeveral = false }: ReserveOptions = {}) => {
    if (leased?.lost.aborted === true) await free().catch((error: unknown) => print(`warning: ${messageOf(error)}`))
    if (leased !== undefined) return
    const waitSignal = isOneOfSeveral ? AbortSignal.timeout(Math.round(patienceMs * (1 + Math.random()))) : undefined
    const { leaseFromController } = await import('./controller-lease.ts')
    try {
      leased = await leaseFromController({
        config: await config(),
        lease: { selector, ...factsOf(process.env, file) },
        durationMs,
        maxDurationMs,
        signal: eitherSignal(giveUp.signal, signal),
        waitSignal,
        print,
        ...(waiting === undefined ? {} : { waiting }),
      })
    } catch (error) {
      const isImpatience = waitSignal?.aborted === true && (error as HardwareError).cause === waitSignal.reason
      if (!isImpatience || signal?.aborted === true || giveUp.signal.aborted) throw error
      const message = `${what} was not to be had while others were held, which are given back`
      throw new HardwareError('LEASE_TIMEOUT', message, { cause: error })
    }
  }
  return {
    get name() {
      return name()
    },
    get labels() {
      return leased?.exporter.labels
    },
    selector,
    local: false,
    order: `controller ${selector}`,
    reserve: (reserveOptions) => during(reserve(reserveOptions)),
    free,
    async lease() {
      if (leased === undefined) throw new HardwareError('LEASE_LOST', `Nothing is leased of ${what}`)
      return { ...leased, release: async () => undefined }
    },
    async close() {
      giveUp.abort(new HardwareError('CALL_CANCELLED', 'the run has ended'))
      await Promise.allSettled(pending)
      await free()
    },
  }
}

/**
 * The exporter of a lease that somebody else has taken, who also ends it.
 *
 * @param lease its name
 */
export async function exporterOfLease(
  lease: string,
  { config, print, signal }: Pick<ControllerExporterOptions, 'config' | 'print'> & { readonly signal: AbortSignal },
): Promise<LeasableExporter> {
  const { leaseFromController } = await import('./controller-lease.ts')
  const leased = await leaseFromController({ config: await config(), lease, signal, print })
  const nothing = async () => undefined
  return {
    name: leased.exporter.name,
    labels: leased.exporter.labels,
    local: false,
    order: `lease ${lease}`,
    reserve: nothing,
    free: nothing,
    async lease() {
      if (leased.lost.aborted) throw leased.lost.reason
      return { ...leased, release: nothing }
    },
    close: () => leased.release(),
  }
}
