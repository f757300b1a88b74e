import { readFile } from 'node:fs/promises'
import type { TestProject, Vitest } from 'vitest/node'

import { HardwareError, messageOf } from '../errors.ts'
import { Broker } from './broker.ts'
import { contextKey } from './context.ts'
import type { ExporterSource } from './exporter-slots.ts'
import { HardwareReport } from './report.ts'
import { type ConfiguredExporter, configuredExporters, type HardwareOptions } from './options.ts'

const defaultLeaseTimeoutMs = 600_000
const defaultIdleTimeoutMs = 300_000

function isContinuousIntegration(ci: string | undefined): boolean {
  return ci !== undefined && !['', '0', 'false'].includes(ci)
}

async function readCa(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HardwareError('PLUGIN_OPTIONS_INVALID', `Cannot read the CA file ${file}: ${messageOf(cause)}`, { cause })
  })
}

/**
 * The hardware of one Vitest run. Projects with the same exporter share it, because it is one device; each set of
 * exporters has a broker.
 */
export class HardwareRun {
  static readonly #runs = new WeakMap<Vitest, HardwareRun>()

  /** The run of a Vitest instance; the same one for all its projects. */
  static of(vitest: Vitest): HardwareRun {
    let run = HardwareRun.#runs.get(vitest)
    if (run === undefined) {
      run = new HardwareRun(vitest)
      HardwareRun.#runs.set(vitest, run)
    }
    return run
  }

  /** What Vitest's reporters are to say of the hardware. */
  readonly report = new HardwareReport((line) => this.#print(`[vitest-hardware] ${line}`))
  readonly #vitest: Vitest
  readonly #brokers = new Map<string, { broker: Broker; address: Promise<string>; users: number }>()

  private constructor(vitest: Vitest) {
    this.#vitest = vitest
  }

  /**
   * Starts what a project needs, unless another project has, and tells its test files where the broker is. Exporters
   * start in the background; files that need them wait for them.
   *
   * @returns what ends it; the last project stops the exporters
   */
  async start(project: TestProject, options: HardwareOptions): Promise<() => Promise<void>> {
    const exporters = configuredExporters(options, project.config.root, process.env)
    const key = JSON.stringify(exporters)
    let entry = this.#brokers.get(key)
    if (entry === undefined) {
      const broker = new Broker(
        exporters.map((exporter) => this.#source(exporter)),
        {
          root: this.#vitest.config.root,
          print: (line) => this.#print(`[vitest-hardware] ${line}`),
          note: (line) => this.report.note(line),
          // Between two runs of a watch the boards stay with it.
          ...(this.#vitest.config.watch ? { idleTimeoutMs: options.idleTimeoutMs ?? defaultIdleTimeoutMs } : {}),
        },
      )
      entry = { broker, address: broker.listen(), users: 0 }
      this.#brokers.set(key, entry)
    }
    entry.users++
    const { broker, address } = entry
    project.provide(contextKey, {
      broker: await address,
      leaseTimeoutMs: options.leaseTimeoutMs ?? defaultLeaseTimeoutMs,
      onMissing: options.onMissing ?? (isContinuousIntegration(process.env['CI']) ? 'fail' : 'skip'),
      retry: options.retry ?? 0,
      allow: [...(options.allow ?? [])],
    })
    return async () => {
      entry.users--
      if (entry.users > 0) return
      this.#brokers.delete(key)
      await broker.close()
    }
  }

  #source(configured: ConfiguredExporter): ExporterSource {
    const { name } = configured
    return {
      name,
      start: async (signal) => {
        if ('file' in configured) {
          const { startLocalExporter } = await import('../leases/local-exporter.ts')
          return startLocalExporter({ ...configured, signal, print: (line) => this.#print(`[${name}] ${line}`) })
        }
        const { connectDirectExporter } = await import('../leases/direct-exporter.ts')
        const { caFile, ...exporter } = configured
        const print = (line: string) => this.#print(`[${name}] ${line}`)
        const ca = caFile === undefined ? {} : { ca: await readCa(caFile) }
        return connectDirectExporter({ ...exporter, endpoint: { ...exporter.endpoint, ...ca }, signal, print })
      },
    }
  }

  #print(line: string): void {
    this.#vitest.logger.error(line)
  }
}
