import { resolve } from 'node:path'

import { type ConfigRules, findMistakes, isRecord, maxTimeoutMs, ruleFor, rules } from '../base/check.ts'
import { Mistake } from '../base/mistake.ts'
import { HardwareError } from '../errors.ts'
import { environmentVariables, exporterFromEnvironment, leaseFromEnvironment } from '../leases/environment.ts'
import type { SafeCall } from '../leases/call-safe.ts'
import type { Lease } from '../leases/lease.ts'
import { logLevelFrom, type LogLevel, logLevels } from '../base/log-level.ts'
import { controllerRules, type ControllerOptions, optional, timeFrom } from './controller-options.ts'

/** An exporter that runs already. Runs take turns if `vitest-hardware run` serves it; of Python's exporters the run warns. */
export interface RunningExporter {
  /** The path of a unix socket, or `host:port`. A connection to `host:port` uses TLS, unless `insecure` is set. */
  readonly host: string
  /** A PEM file with the certificate authorities to trust instead of the system's. */
  readonly ca?: string
  /** Connect to `host:port` without TLS (default false). */
  readonly insecure?: boolean
  /** The passphrase of the exporter (default: the value of `JMP_GRPC_PASSPHRASE`). */
  readonly passphrase?: string
  /** Labels for selectors, in addition to those that the exporter reports. */
  readonly labels?: Readonly<Record<string, string>>
  /**
   * The calls that leave its devices safe: `['board.power.off', { call: 'relay.call_method', args: ['off', {}] }]`. The run makes them at
   * the end of each lease. Exporters of this package make those of their own file, so this is for exporters of Python.
   */
  readonly safe?: readonly SafeCall[]
}

/** Options of `hardware()`. */
export interface HardwareOptions {
  /**
   * The exporters of the run, by names of your choice. A text is the path of a file, relative to the project's root, that the run
   * starts: an ExporterConfig of Jumpstarter in YAML, or a module that calls `defineExporter()`. An object is an exporter that
   * runs already. Without this option, the run uses the exporter that `JUMPSTARTER_HOST` names, as inside `jmp shell`.
   */
  readonly exporters?: Readonly<Record<string, string | RunningExporter>>
  /** Jumpstarter's controller (default none). Roles that none of `exporters` can fill are leased from it. */
  readonly controller?: ControllerOptions
  /** The longest time that a test file waits for its exporters, in milliseconds (default ten minutes). */
  readonly leaseTimeoutMs?: number
  /**
   * In watch mode, the time for which exporters that the run has started are kept from other processes after the last test that
   * used them, in milliseconds (default five minutes).
   */
  readonly idleTimeoutMs?: number
  /**
   * The result of tests whose hardware no exporter of the run has. `fail` (default in CI, where `CI` is set) makes them fail;
   * `skip` (default elsewhere) skips them with the reason. While an exporter of the run does not work, such tests always fail.
   */
  readonly onMissing?: 'fail' | 'skip'
  /**
   * The number of times that a test runs again when it has failed with a {@link HardwareError} of origin `lab`, `wire` or `board`
   * (default 0). The test gets another matching exporter, if there is one. Tests that fail for other reasons do not run again.
   */
  readonly retry?: number
  /**
   * The tests that keep their evidence, for reports: what they did to the hardware step by step, and the output of the consoles.
   * `on-failure` (default) keeps that of attempts that have failed, `on` that of every test, `off` none.
   */
  readonly evidence?: 'off' | 'on-failure' | 'on'
  /**
   * The mildest lines of the drivers' log that the run shows: `debug`, `info`, `warning`, `error` or `off` (default: the value of
   * `VITEST_HARDWARE_LOG`, else `warning`).
   */
  readonly log?: LogLevel
  /** The packages from which clients may be imported that drivers name as `package/subpath#Export` (default none). */
  readonly allow?: readonly string[]
}

/** An exporter that the options or the environment name. */
export type ConfiguredExporter =
  | { readonly name: string; readonly file: string }
  /** The exporter of a lease of the controller that exists already. */
  | { readonly name: string; readonly lease: string }
  | {
      readonly name: string
      readonly endpoint: Lease['endpoint']
      /** The path of the file with the endpoint's `ca`. */
      readonly caFile?: string | undefined
      readonly labels: Readonly<Record<string, string>>
      /** The calls that leave its devices safe. */
      readonly safe?: readonly SafeCall[] | undefined
      /** True if other runs may know the exporter. */
      readonly shared?: boolean
    }

/** The most retries of a test. More would only hide that the bench needs repair. */
const maxRetries = 10

const timeLimit = timeFrom(1, maxTimeoutMs)
const exporterRule = ruleFor("the path of a file, or { host: 'HOST:PORT' }", (value) => {
  return isRecord(value) || (typeof value === 'string' && value !== '')
})

const optionRules: ConfigRules = {
  exporters: optional(ruleFor("an object such as { uno: './uno.yaml' }", isRecord)),
  controller: optional(ruleFor("an object such as { client: 'default' }", isRecord)),
  leaseTimeoutMs: optional(timeLimit),
  idleTimeoutMs: optional(timeLimit),
  onMissing: optional(rules.oneOf('fail', 'skip')),
  retry: optional(rules.wholeNumber(0, maxRetries)),
  evidence: optional(rules.oneOf('off', 'on-failure', 'on')),
  log: optional(rules.oneOf(...logLevels)),
  allow: optional(ruleFor('a list of names of packages', (value) => Array.isArray(value) && value.every(isText))),
}

const runningExporterRules: ConfigRules = {
  host: rules.text,
  ca: optional(rules.text),
  insecure: optional(rules.flag),
  passphrase: optional(rules.text),
  labels: optional(ruleFor('an object of texts', (value) => isRecord(value) && Object.values(value).every(isText))),
  safe: optional(
    ruleFor("a list of calls such as 'power.off' or { call: 'relay.call_method', args: ['off', {}] }", (value) => {
      return Array.isArray(value) && value.every(isSafeCall)
    }),
  ),
}

/** @throws HardwareError PLUGIN_OPTIONS_INVALID with all mistakes */
export function checkOptions(
  options: HardwareOptions,
  environment: Readonly<Record<string, string | undefined>> = {},
): void {
  if (options.log === undefined) logLevelFrom(environment)
  const { exporters = {}, controller = {} } = options
  const named = Object.entries(isRecord(exporters) ? exporters : {})
  const mistakes = [
    ...findMistakes(options, optionRules),
    ...named.flatMap(([name, exporter]) => findMistakesOf(['exporters', name], exporter)),
    ...(isRecord(controller) ? findMistakes(controller, controllerRules, ['controller']) : []),
  ]
  if (mistakes.length > 0) {
    throw new HardwareError('PLUGIN_OPTIONS_INVALID', `Invalid options of hardware():\n  ${mistakes.join('\n  ')}`)
  }
}

function findMistakesOf(path: readonly string[], exporter: unknown): readonly Mistake[] {
  if (isRecord(exporter)) return findMistakes(exporter, runningExporterRules, path)
  const mistake = exporterRule(exporter)
  return mistake === undefined ? [] : [new Mistake(path, mistake)]
}

function isSafeCall(value: unknown): boolean {
  if (isText(value)) return value !== ''
  return isRecord(value) && isText(value['call']) && (value['args'] === undefined || Array.isArray(value['args']))
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/**
 * Lists the exporters of a project.
 *
 * @param root the folder that paths are relative to
 * @param environment the variables of the process, such as `JUMPSTARTER_HOST` and the others that `jmp shell` sets
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
    const commonPassphrase = environment[environmentVariables.passphrase] || undefined
    const named = Object.entries(exporters).map(([name, exporter]): ConfiguredExporter => {
      if (typeof exporter === 'string') return { name, file: resolve(root, exporter) }
      const { host: address, ca, insecure, passphrase = commonPassphrase, labels = {}, safe } = exporter
      return {
        name,
        endpoint: { address, name, insecure: insecure === true ? true : undefined, passphrase },
        caFile: ca === undefined ? undefined : resolve(root, ca),
        labels,
        safe,
        shared: true,
      }
    })
    return [...named, ...leased]
  }
  if (found === undefined) return leased
  return [{ name: found.endpoint.name ?? environmentVariables.address, ...found }]
}
