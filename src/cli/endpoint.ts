import { readFile } from 'node:fs/promises'

import { messageOf } from '../errors.ts'
import { type EnvironmentExporter, exporterFromEnvironment } from '../leases/environment.ts'
import { UsageError } from './usage-error.ts'

/** Which running exporter is meant, and how to talk to it, as options of the command line. */
export interface EndpointArguments {
  readonly host?: string
  readonly ca?: string
  readonly insecure?: boolean
  readonly passphrase?: string
}

/**
 * The exporter that the options name, else the one of the environment.
 *
 * @throws UsageError where there is none, or the CA cannot be read
 */
export async function readEndpoint(given: EndpointArguments): Promise<EnvironmentExporter> {
  const { host, ca: caFile, insecure, passphrase } = given
  const ambient = exporterFromEnvironment(process.env)
  if (host === undefined && ambient === undefined) {
    throw new UsageError(["no exporter: give --host, or run this inside 'vitest-hardware shell' or 'jmp shell'"])
  }
  const ca = caFile === undefined ? undefined : await readCa(caFile)
  const own = {
    ...(ca === undefined ? {} : { ca }),
    ...(insecure === undefined ? {} : { insecure }),
    ...(passphrase === undefined ? {} : { passphrase }),
  }
  if (host === undefined && ambient !== undefined) return { ...ambient, endpoint: { ...ambient.endpoint, ...own } }
  return { endpoint: { address: host ?? '', ...own }, labels: {} }
}

function readCa(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError([`--ca cannot be read: ${messageOf(error)}`])
  })
}
