import { resolve } from 'node:path'

import { HardwareError } from '../errors.ts'
import { environmentVariables, exporterFromEnvironment, leaseFromEnvironment } from '../leases/environment.ts'
import type { Lease } from '../leases/lease.ts'
import { checkController, type ControllerOptions } from './controller-options.ts'
import { isRecord } from './is-record.ts'

/** An exporter that runs already. */
export interface RunningExporter {
  /** A unix socket's path, or `host:port`, where TLS is spoken unless `insecure` is set. */
  readonly host: string
  /** A file with the certificates, in PEM, of the authorities to trust instead of the system's. */
  readonly ca?: string
  /** Talk to `host:port` without TLS (default false). */
  readonly insecure?: boolean
  /** The exporter's passphrase (default: what `JMP_GRPC_PASSPHRASE` holds). */
  readonly passphrase?: string
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
  /**
   * Jumpstarter's controller, from which whatever no exporter of the run can be is leased (default none): which of its
   * configurations of a client to use.
   */
  readonly controller?: ControllerOptions
  /** How long a test file waits until it gets what it needs, in milliseconds (default ten minutes). */
  readonly leaseTimeoutMs?: number
  /**
   * In watch mode, how long exporters that the run has started are kept from other processes after the last test that used
   * them, in milliseconds (default five minutes).
   */
  readonly idleTimeoutMs?: number
  /**
   * What becomes of tests whose hardware no exporter of the run has: they `fail` (default in CI, that is with `CI` set),
   * or are skipped with the reason (default elsewhere).
   */
  readonly onMissing?: 'fail' | 'skip'
  /**
   * How often a test is tried again, on another matching exporter where there is one, when it failed with a
   * {@link HardwareError} of origin `lab`, `wire` or `board` (default 0). Failures of any other kind are never tried again.
   */
  readonly retry?: number
  /** Packages from which clients that drivers name as `package/subpath#Export` may be imported (default none). */
  readonly allow?: readonly string[]
}

/** One exporter as the options, or the environment, name it. */
export type ConfiguredExporter =
  | { readonly name: string; readonly file: string }
  /** That of a lease of the controller which there is already. */
  | { readonly name: string; readonly lease: string }
  | {
      readonly name: string
      readonly endpoint: Lease['endpoint']
      /** The file that the endpoint's `ca` is in. */
      readonly caFile?: string
      readonly labels: Readonly<Record<string, string>>
    }

/** A day: far below what timers can hold, and longer than anybody waits. */
const maxTimeoutMs = 86_400_000

/** More tries would only hide that the bench needs repair. */
const maxRetries = 10

/** @throws HardwareError PLUGIN_OPTIONS_INVALID with all mistakes */
export function checkOptions(options: HardwareOptions): void {
  const mistakes: string[] = []
  const known = ['exporters', 'controller', 'leaseTimeoutMs', 'idleTimeoutMs', 'onMissing', 'retry', 'allow']
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
    if (isRecord(exporter)) mistakes.push(...checkSecurity(exporter).map((what) => `exporters.${name}.${what}`))
  }
  if (options.controller !== undefined) mistakes.push(...checkController(options.controller))
  for (const name of ['leaseTimeoutMs', 'idleTimeoutMs'] as const) {
    const timeout = options[name]
    if (timeout !== undefined && !(timeout > 0 && timeout <= maxTimeoutMs)) {
      mistakes.push(`${name} is ${String(timeout)}; it has to be a number of milliseconds, at most ${maxTimeoutMs}`)
    }
  }
  const { onMissing, retry } = options
  if (onMissing !== undefined && onMissing !== 'fail' && onMissing !== 'skip') {
    mistakes.push(`onMissing is '${String(onMissing)}'; there are fail and skip`)
  }
  if (retry !== undefined && !(Number.isInteger(retry) && retry >= 0 && retry <= maxRetries)) {
    mistakes.push(`retry is ${String(retry)}; it has to be a whole number, at most ${maxRetries}`)
  }
  const allow: unknown = options.allow ?? []
  if (!Array.isArray(allow) || allow.some((name) => typeof name !== 'string')) {
    mistakes.push('allow is not a list of names of packages')
  }
  if (mistakes.length > 0) {
    throw new HardwareError('PLUGIN_OPTIONS_INVALID', `Invalid options of hardware():\n  ${mistakes.join('\n  ')}`)
  }
}

function checkSecurity({ host: _host, labels: _labels, ...security }: Readonly<Record<string, unknown>>): string[] {
  const { ca = '', insecure = false, passphrase = 'unused', ...unknown } = security
  return [
    ...(typeof ca === 'string' ? [] : ['ca is not the path of a file']),
    ...(typeof insecure === 'boolean' ? [] : ['insecure is not true or false']),
    ...(typeof passphrase === 'string' && passphrase !== '' ? [] : ['passphrase is not a text']),
    ...Object.keys(unknown).map((key) => `${key} is not a key; there are host, labels, ca, insecure, passphrase`),
  ]
}

/**
 * The exporters of a project.
 *
 * @param root what paths are relative to
 * @param environment where `JUMPSTARTER_HOST` and what `jmp shell` sets with it are looked up
 */
export function configuredExporters(
  { exporters, controller }: HardwareOptions,
  root: string,
  environment: Readonly<Record<string, string | undefined>>,
): ConfiguredExporter[] {
  const found = exporterFromEnvironment(environment)
  const lease = controller === undefined || found !== undefined ? undefined : leaseFromEnvironment(environment)
  const leased = lease === undefined ? [] : [{ name: `lease ${lease}`, lease }]
  if (exporters !== undefined) {
    const passphraseOfAll = environment[environmentVariables.passphrase] || undefined
    const named = Object.entries(exporters).map(([name, exporter]): ConfiguredExporter => {
      if (typeof exporter === 'string') return { name, file: resolve(root, exporter) }
      const { host: address, ca, insecure, passphrase = passphraseOfAll, labels = {} } = exporter
      return {
        name,
        endpoint: {
          address,
          name,
          ...(insecure === true ? { insecure } : {}),
          ...(passphrase === undefined ? {} : { passphrase }),
        },
        ...(ca === undefined ? {} : { caFile: resolve(root, ca) }),
        labels,
      }
    })
    return [...named, ...leased]
  }
  if (found === undefined) return leased
  return [{ name: found.endpoint.name ?? environmentVariables.address, ...found }]
}
