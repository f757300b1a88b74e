import { connect } from '../clients/connect.ts'
import { nameLabel } from '../protocol/labels.ts'
import type { WaitOptions } from '../protocol/channel.ts'
import type { LeasableExporter, Lease } from './lease.ts'

/** What {@link connectDirectExporter} takes. */
export interface DirectExporterOptions extends WaitOptions {
  /** Its name, for messages. */
  readonly name: string
  /** A unix socket's path, or `host:port`. */
  readonly host: string
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
  const { name, host, labels: given, ...limits } = options
  const connection = await connect(host, limits)
  connection.close()
  const labels = { ...connection.report.labels, ...given }
  // An exporter's name alone says nothing that a selector could ask for.
  const known = Object.keys(labels).some((key) => key !== nameLabel)
  const lease: Lease = { address: host, release: async () => undefined }
  return { name, labels: known ? labels : undefined, lease: async () => lease, close: async () => undefined }
}
