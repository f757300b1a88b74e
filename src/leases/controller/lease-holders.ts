import type { ControllerCalls } from '../../protocol/controller/controller-calls.ts'
import type { LeaseStatus } from '../../protocol/controller/controller-messages.ts'
import type { LeaseHolder } from '../lease.ts'

/** The limit of each of the two calls, in milliseconds. Short, because the wait for an exporter does not depend on them. */
const listCallTimeoutMs = 5_000
/** The selector that a controller reports for a lease without one. */
const noSelector = '<none>'

/**
 * Finds the leases of the exporters that a lease waits for.
 *
 * @returns nothing if nobody holds them, or if the controller does not answer
 */
export async function findLeaseHolders(
  controller: ControllerCalls,
  { selector, requestedExporter }: LeaseStatus,
  signal: AbortSignal | undefined,
): Promise<readonly LeaseHolder[]> {
  const limits = { signal, timeoutMs: listCallTimeoutMs }
  try {
    const [exporters, leases] = await Promise.all([
      controller.exporters(selector === noSelector ? '' : selector, limits),
      controller.leases({}, limits),
    ])
    const names = exporters.map(({ name }) => name).filter((name) => (requestedExporter ?? name) === name)
    const suitable = new Set(names)
    return leases.flatMap(({ exporter, client, begin, durationMs }) => {
      if (exporter === undefined || !suitable.has(exporter)) return []
      return [{ exporter, client, until: begin === undefined ? undefined : new Date(begin.getTime() + durationMs) }]
    })
  } catch {
    return []
  }
}
