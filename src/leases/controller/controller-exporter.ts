import { HardwareError } from '../../errors.ts'
import type { LeasableExporter, ReserveOptions } from '../lease.ts'
import type { ClientConfig } from './client-config.ts'
import type { ControllerLease, ControllerLeaseOptions } from './controller-lease.ts'
import { tagsOf } from './tags.ts'

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
  readonly config: Promise<ClientConfig>
  readonly selector: string
  /** Whether others are held while it waits. */
  readonly isOneOfSeveral: boolean
}

/**
 * Whatever exporter of a controller has some labels. To reserve it is to lease one; what comes of that is leased once, and
 * given back when it is freed.
 */
export function exporterFromController(options: ControllerExporterOptions): LeasableExporter {
  const { config, selector, isOneOfSeveral, durationMs, maxDurationMs } = options
  let name = `${selector === '' ? 'any' : selector} of the controller`
  const print = (line: string) => options.print(`[${name}] ${line}`)
  let leased: ControllerLease | undefined
  const giveUp = new AbortController()

  const reserve = async ({ signal, file }: ReserveOptions = {}) => {
    const patience = isOneOfSeveral ? [AbortSignal.timeout(patienceMs * (1 + Math.random()))] : []
    const given = signal === undefined ? [] : [signal]
    const { leaseFromController } = await import('./controller-lease.ts')
    try {
      leased = await leaseFromController({
        config: await config,
        lease: { selector, tags: tagsOf(process.env, file) },
        durationMs,
        maxDurationMs,
        signal: AbortSignal.any([giveUp.signal, ...given, ...patience]),
        print,
      })
      name = leased.exporter.name
    } catch (error) {
      if (!patience.some(({ aborted }) => aborted) || signal?.aborted === true) throw error
      const message = `${name} was not to be had while others were held, which are given back`
      throw new HardwareError('LEASE_TIMEOUT', message, { cause: error })
    }
  }
  const free = async () => {
    const over = leased
    leased = undefined
    await over?.release()
  }
  return {
    get name() {
      return name
    },
    labels: undefined,
    local: false,
    order: `controller ${selector}`,
    reserve,
    free,
    async lease() {
      if (leased === undefined) throw new HardwareError('LEASE_LOST', `Nothing is leased of ${name}`)
      return leased
    },
    async close() {
      giveUp.abort(new HardwareError('CALL_CANCELLED', 'the run has ended'))
      await free()
    },
  }
}
