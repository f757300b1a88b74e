import { connect } from '../clients/connect.ts'
import type { WaitOptions } from '../protocol/channel.ts'
import type { Endpoint } from '../protocol/endpoint.ts'
import { nameLabel } from '../protocol/labels.ts'
import type { LeasableExporter, Lease } from './lease.ts'

/** What {@link connectDirectExporter} takes. */
export interface DirectExporterOptions extends WaitOptions {
  /** Its name, for messages. */
  readonly name: string
  readonly endpoint: Endpoint
  /** Gets what a hook of the exporter prints while the lease waits for it. */
  readonly print?: (line: string) => void
  /** Labels for selectors, besides those it reports. */
  readonly labels?: Readonly<Record<string, string>>
}

/**
 * Makes an exporter of one that runs already. Its drivers live as long as it does; what a lease gives is that no other
 * file of this run uses it meanwhile.
 *
 * @throws HardwareError CONNECTION_FAILED when nobody answers there
 */
export async function connectDirectExporter(options: DirectExporterOptions): Promise<LeasableExporter> {
  const { name, endpoint, labels: given, ...limits } = options
  const { address, ...security } = endpoint
  const connection = await connect(address, { ...security, ...limits })
  connection.close()
  const labels = { ...connection.report.labels, ...given }
  // An exporter's name alone says nothing that a selector could ask for.
  const known = Object.keys(labels).some((key) => key !== nameLabel)
  const nothing = async () => undefined
  const lease: Lease = {
    endpoint,
    releaseTimeoutMs: 0,
    lost: new AbortController().signal,
    activity: nothing,
    release: nothing,
  }
  return {
    name,
    labels: known ? labels : undefined,
    local: false,
    order: address,
    reserve: nothing,
    free: nothing,
    lease: async () => lease,
    close: nothing,
  }
}
