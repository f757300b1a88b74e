import { resolve } from 'node:path'

import type { LogLevel } from '../base/log-level.ts'
import { ControllerPool } from '../broker/controller-pool.ts'
import type { ExporterPool } from '../broker/exporter-pool.ts'
import { type ExporterSource, RunPool } from '../broker/run-pool.ts'
import type { ClientConfig } from '../leases/controller/client-config.ts'
import { ControllerExporter } from '../leases/controller/controller-exporter.ts'
import type { LeaseEvent } from '../leases/lease-event.ts'
import { readCaFile } from '../leases/read-ca-file.ts'
import type { ControllerOptions } from './controller-options.ts'
import type { ConfiguredExporter } from './options.ts'

/** Options of {@link poolsOf}. */
export interface SourceOptions {
  /** The folder that paths are relative to. */
  readonly root: string
  readonly controller: ControllerOptions | undefined
  /** The mildest lines of the drivers' log that are shown. */
  readonly logLevel: LogLevel
  /** Receives the output of exporters, and the events of their leases. */
  readonly emit: (event: LeaseEvent) => void
}

/** The sources of exporters of a project: those that its options or the environment name, then the controller. */
export function poolsOf(exporters: readonly ConfiguredExporter[], options: SourceOptions): ExporterPool[] {
  const { root, controller, logLevel, emit } = options
  const pools: ExporterPool[] = [new RunPool(exporters.map((exporter) => sourceOf(exporter, options)))]
  if (controller !== undefined) {
    const { lease = 'file', durationMs, maxDurationMs } = controller
    const config = () => loadConfig(controller, root)
    const exporter = (selector: string) => {
      return new ControllerExporter({ config, selector, durationMs, maxDurationMs, logLevel, emit })
    }
    pools.push(new ControllerPool({ lease, exporter }))
  }
  return pools
}

function sourceOf(configured: ConfiguredExporter, { root, controller, logLevel, emit }: SourceOptions): ExporterSource {
  const { name } = configured
  return {
    name,
    start: async (signal, runFolder) => {
      if ('lease' in configured) {
        const { ExistingLeaseExporter } = await import('../leases/controller/existing-lease-exporter.ts')
        const config = () => loadConfig(controller, root)
        return ExistingLeaseExporter.open({ lease: configured.lease, config, logLevel, signal, emit })
      }
      if ('file' in configured) {
        const { LocalExporter } = await import('../leases/local/local-exporter.ts')
        return LocalExporter.start({ ...configured, runFolder, logLevel, signal, emit })
      }
      const { DirectExporter } = await import('../leases/direct-exporter.ts')
      const { caFile, ...exporter } = configured
      const ca = caFile === undefined ? exporter.endpoint.ca : await readCaFile(caFile)
      return DirectExporter.connect({ ...exporter, endpoint: { ...exporter.endpoint, ca }, logLevel, signal, emit })
    },
  }
}

/** Reads the configuration for each lease: the token may have been renewed. */
async function loadConfig(options: ControllerOptions | undefined, root: string): Promise<ClientConfig> {
  const { client, clientConfig } = options ?? {}
  const { loadClientConfig } = await import('../leases/controller/client-config.ts')
  const file = clientConfig === undefined ? undefined : resolve(root, clientConfig)
  return loadClientConfig({ alias: client, file }, process.env)
}
