import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

import { HardwareError, messageOf } from '../errors.ts'
import type { ClientConfig } from '../leases/controller/client-config.ts'
import { exporterFromController, exporterOfLease } from '../leases/controller/controller-exporter.ts'
import type { LeasableExporter } from '../leases/lease.ts'
import type { ControllerOptions } from './controller-options.ts'
import type { ExporterSource } from './exporter-slots.ts'
import type { ConfiguredExporter } from './options.ts'

/** How exporters are leased from a controller. */
export interface OfController {
  /** Whatever exporter a selector picks. */
  exporter(selector: string): LeasableExporter
  /** For whom. */
  readonly lease: 'file' | 'run'
}

/** What there is to know to get exporters of a project. */
export interface SourceOptions {
  /** What paths are relative to. */
  readonly root: string
  readonly controller: ControllerOptions | undefined
  /** Gets what exporters, and the ways to them, say. */
  readonly log: (line: string) => void
}

/** How to get an exporter that the options, or the environment, name. */
export function sourceOf(configured: ConfiguredExporter, { root, controller, log }: SourceOptions): ExporterSource {
  const { name } = configured
  const print = (line: string) => log(`[${name}] ${line}`)
  return {
    name,
    start: async (signal, runFolder) => {
      if ('lease' in configured) {
        const options = { config: () => loadConfig(controller, root), signal, print }
        return exporterOfLease(configured.lease, options).catch((error: unknown) => {
          // Nobody else says so, because other exporters may be leased instead.
          if (!signal.aborted) print(`warning: it cannot be used: ${messageOf(error)}`)
          throw error
        })
      }
      if ('file' in configured) {
        const { startLocalExporter } = await import('../leases/local-exporter.ts')
        return startLocalExporter({ ...configured, runFolder, signal, print })
      }
      const { connectDirectExporter } = await import('../leases/direct-exporter.ts')
      const { caFile, ...exporter } = configured
      const ca = caFile === undefined ? {} : { ca: await readCa(caFile) }
      return connectDirectExporter({ ...exporter, endpoint: { ...exporter.endpoint, ...ca }, signal, print })
    },
  }
}

/** How to get exporters of the controller; `undefined` where there is none. */
export function fromController({ root, controller, log: print }: SourceOptions): OfController | undefined {
  if (controller === undefined) return undefined
  const { lease = 'file', durationMs, maxDurationMs } = controller
  const config = () => loadConfig(controller, root)
  return {
    lease,
    exporter: (selector) => exporterFromController({ config, selector, durationMs, maxDurationMs, print }),
  }
}

/** Read for each lease: a token may have been renewed. */
async function loadConfig(options: ControllerOptions | undefined, root: string): Promise<ClientConfig> {
  const { client, clientConfig } = options ?? {}
  const { loadClientConfig } = await import('../leases/controller/client-config.ts')
  const file = clientConfig === undefined ? undefined : resolve(root, clientConfig)
  return loadClientConfig({ alias: client, file }, process.env)
}

async function readCa(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HardwareError('PLUGIN_OPTIONS_INVALID', `Cannot read the CA file ${file}: ${messageOf(cause)}`, { cause })
  })
}
