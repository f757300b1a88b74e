import { resolve } from 'node:path'

import { HardwareError } from '../errors.ts'

/** An exporter that runs already. */
export interface RunningExporter {
  /** A unix socket's path, or `host:port`. */
  readonly host: string
  /** Labels for selectors, besides those it reports. */
  readonly labels?: Readonly<Record<string, string>>
}

/** What `hardware()` takes. */
export interface HardwareOptions {
  /**
   * The exporters of the run by names of your choice: a file that the run starts (Jumpstarter's ExporterConfig in YAML, or
   * a module that calls `defineExporter()`; relative to the project's root), or one that runs already. Without this
   * option, the one that `JUMPSTARTER_HOST` names, as inside `jmp shell`.
   */
  readonly exporters?: Readonly<Record<string, string | RunningExporter>>
  /** How long a test file waits until it gets what it needs, in milliseconds (default ten minutes). */
  readonly leaseTimeoutMs?: number
  /** Packages from which clients that drivers name as `package/subpath#Export` may be imported (default none). */
  readonly allow?: readonly string[]
}

/** One exporter as the options, or the environment, name it. */
export type ConfiguredExporter =
  | { readonly name: string; readonly file: string }
  | { readonly name: string; readonly host: string; readonly labels: Readonly<Record<string, string>> }

/** A day: far below what timers can hold, and longer than anybody waits. */
const maxTimeoutMs = 86_400_000

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws HardwareError PLUGIN_OPTIONS_INVALID with all mistakes */
export function checkOptions(options: HardwareOptions): void {
  const mistakes: string[] = []
  const known = ['exporters', 'leaseTimeoutMs', 'allow']
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) mistakes.push(`'${key}' is not an option; there are ${known.join(', ')}`)
  }
  const exporters: unknown = options.exporters ?? {}
  if (!isRecord(exporters)) mistakes.push("exporters is not an object such as { uno: './uno.yaml' }")
  for (const [name, exporter] of isRecord(exporters) ? Object.entries(exporters) : []) {
    const host = isRecord(exporter) ? exporter['host'] : exporter
    if (typeof host !== 'string' || host === '') {
      mistakes.push(`exporters.${name} is neither the path of a file nor { host: 'HOST:PORT' }`)
    }
    const labels = isRecord(exporter) ? (exporter['labels'] ?? {}) : {}
    if (!isRecord(labels) || Object.values(labels).some((value) => typeof value !== 'string')) {
      mistakes.push(`exporters.${name}.labels is not an object of texts`)
    }
  }
  const { leaseTimeoutMs: timeout } = options
  if (timeout !== undefined && !(timeout > 0 && timeout <= maxTimeoutMs)) {
    mistakes.push(
      `leaseTimeoutMs is ${String(timeout)}; it has to be a number of milliseconds, at most ${maxTimeoutMs}`,
    )
  }
  const allow: unknown = options.allow ?? []
  if (!Array.isArray(allow) || allow.some((name) => typeof name !== 'string')) {
    mistakes.push('allow is not a list of names of packages')
  }
  if (mistakes.length > 0) {
    throw new HardwareError('PLUGIN_OPTIONS_INVALID', `Invalid options of hardware():\n  ${mistakes.join('\n  ')}`)
  }
}

/**
 * The exporters of a project.
 *
 * @param root what paths are relative to
 * @param environment where `JUMPSTARTER_HOST` and what `jmp shell` sets with it are looked up
 */
export function configuredExporters(
  { exporters }: HardwareOptions,
  root: string,
  environment: Readonly<Record<string, string | undefined>>,
): ConfiguredExporter[] {
  if (exporters !== undefined) {
    return Object.entries(exporters).map(([name, exporter]) =>
      typeof exporter === 'string'
        ? { name, file: resolve(root, exporter) }
        : { name, host: exporter.host, labels: exporter.labels ?? {} },
    )
  }
  const host = environment['JUMPSTARTER_HOST']
  if (host === undefined || host === '') return []
  const name = environment['JMP_EXPORTER'] ?? 'JUMPSTARTER_HOST'
  return [{ name, host, labels: parseLabels(environment['JMP_EXPORTER_LABELS'] ?? '') }]
}

/** `a=b,c=d`, as `jmp shell` sets it. */
function parseLabels(text: string): Record<string, string> {
  const pairs = text.split(',').flatMap((pair) => {
    const [, key, value] = /^([^=]+)=(.*)$/.exec(pair.trim()) ?? []
    return key === undefined ? [] : [[key, value ?? '']]
  })
  return Object.fromEntries(pairs) as Record<string, string>
}
