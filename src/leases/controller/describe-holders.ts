import type { ControllerCalls } from '../../protocol/controller-calls.ts'
import type { ControllerLeaseState } from '../../protocol/controller-messages.ts'

/** How many holders are named. */
const most = 5
/** How long looking for them may take; a wait does not depend on it. In milliseconds. */
const timeoutMs = 5_000

/**
 * Who holds the exporters that a lease waits for: `; one is leased by alice until 14:05:00, …`; nothing where nobody does,
 * or where the controller does not say.
 */
export async function describeHolders(
  controller: ControllerCalls,
  lease: ControllerLeaseState,
  signal: AbortSignal | undefined,
): Promise<string> {
  const limits = { signal, timeoutMs }
  try {
    const [exporters, leases] = await Promise.all([
      controller.exporters(isSelector(lease.selector) ? lease.selector : '', limits),
      controller.leases({}, limits),
    ])
    const wanted = new Set(exporters.map(({ name }) => name).filter((name) => (lease.wanted ?? name) === name))
    const holders = leases.flatMap(({ exporter, client, begin, durationMs }) => {
      if (exporter === undefined || !wanted.has(exporter)) return []
      const until = begin === undefined ? '' : ` until ${showTime(new Date(begin.getTime() + durationMs))}`
      return [`${exporter} is leased by ${client}${until}`]
    })
    const rest = holders.length > most ? [`and ${holders.length - most} more`] : []
    return holders.length === 0 ? '' : `; ${[...holders.slice(0, most), ...rest].join(', ')}`
  } catch {
    return ''
  }
}

/** What a controller shows of a lease without one. */
function isSelector(selector: string): boolean {
  return selector !== '<none>'
}

function showTime(time: Date): string {
  return time.toTimeString().slice(0, 8)
}
