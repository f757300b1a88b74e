import { withoutUndefined } from '../base/without-undefined.ts'
import { messageOf } from '../errors.ts'
import { type EnvironmentExporter, exporterFromEnvironment } from '../leases/environment.ts'
import { readCaFile } from '../leases/read-ca-file.ts'
import type { ExporterArguments } from './options.ts'
import { readPassphrase } from './passphrase.ts'
import { UsageError } from './usage-error.ts'

/**
 * Finds the exporter that the options name, else the one that the environment names.
 *
 * @throws UsageError if neither names one, or the CA cannot be read
 */
export async function readEndpoint(given: ExporterArguments): Promise<EnvironmentExporter> {
  const { host, ca: caFile, insecure } = given
  const ambient = exporterFromEnvironment(process.env)
  if (host === undefined && ambient === undefined) {
    throw new UsageError(["no exporter: give --host, or run this inside 'vitest-hardware shell' or 'jmp shell'"])
  }
  const mistakes: string[] = []
  const passphrase = await readPassphrase(given, mistakes)
  const ca =
    caFile === undefined
      ? undefined
      : await readCaFile(caFile).catch((error: unknown) => void mistakes.push(`--ca: ${messageOf(error)}`))
  if (mistakes.length > 0) throw new UsageError(mistakes)
  // Options that were not given must not hide those of the environment.
  const own = withoutUndefined({ ca: ca ?? undefined, insecure, passphrase })
  if (host === undefined && ambient !== undefined) return { ...ambient, endpoint: { ...ambient.endpoint, ...own } }
  return { endpoint: { address: host ?? '', ...own }, labels: {} }
}
