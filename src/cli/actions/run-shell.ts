import { constants } from 'node:os'
import { resolve } from 'node:path'

import { onAbort } from '../../base/abort.ts'
import { logLevelVariable } from '../../base/log-level.ts'
import { messageOf } from '../../errors.ts'
import { describe } from '../../leases/describe-event.ts'
import { exporterToEnvironment, leaseFromEnvironment } from '../../leases/environment.ts'
import type { LeasableExporter } from '../../leases/lease.ts'
import type { LeaseEvent } from '../../leases/lease-event.ts'
import { readEndpoint } from '../endpoint.ts'
import { type ControllerArguments, type ExporterArguments, type LogArguments, logLevelOf } from '../options.ts'
import { runCommandToEnd } from '../run-command.ts'
import { UsageError } from '../usage-error.ts'

/** The variable with which a run inside the shell leaves the log to the shell. */
const logIsShown = { [logLevelVariable]: 'off' }

/** The options of `vitest-hardware shell`. */
export interface ShellArguments extends ExporterArguments, ControllerArguments, LogArguments {
  readonly exporterConfig?: string
  /** The labels of an exporter to lease from a controller. */
  readonly selector?: string
  /** The name of an exporter to lease from a controller. */
  readonly name?: string
  /** The name of an existing lease of a controller. */
  readonly lease?: string
  /** The longest time of a lease of a controller, in milliseconds. */
  readonly maxDuration?: number
}

/**
 * Leases an exporter, and runs a command that finds the exporter in its environment. The exit code of this process is that of
 * the command; 127 for a missing command, 126 for a command that cannot be run.
 *
 * @param command the program and its arguments; empty for the user's shell
 */
export async function runShell(command: readonly string[], options: ShellArguments): Promise<void> {
  const [program = process.env['SHELL'] || '/bin/sh', ...args] = command
  const argv = [program, ...args] as const
  const { selector, name, exporterConfig, host } = options
  const isNamed = [selector, name, exporterConfig, host].some((given) => given !== undefined)
  const existing = options.lease ?? (isNamed ? undefined : leaseFromEnvironment(process.env))
  if ([selector, name, existing].some((given) => given !== undefined)) {
    return runWithController(argv, options, existing)
  }
  const exporter = await openExporter(options)
  try {
    await exporter.reserve({
      waiting: (wait) => print({ type: 'reserveWait', exporter: exporter.name, wait }),
    })
    const lease = await exporter.lease()
    try {
      if (command.length === 0) console.error(`exporter ${exporter.name} is leased; exit ends the lease`)
      const { endpoint } = lease
      const variables = { ...exporterToEnvironment({ endpoint, labels: exporter.labels ?? {} }), ...logIsShown }
      // Both gRPC's C++ core and grpc-js read this variable, so that commands with either trust the same authorities.
      const roots = options.ca === undefined ? {} : { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: resolve(options.ca) }
      const { lost } = lease
      onAbort(lost, () => console.error(`error: ${messageOf(lost.reason)}`))
      process.exitCode = await runCommandToEnd(argv, { variables: { ...variables, ...roots }, lost })
    } finally {
      await lease.release()
    }
  } finally {
    await exporter.close()
  }
}

/** Leases from a controller, and runs the command. Ctrl-C ends the wait for the lease. */
async function runWithController(
  argv: readonly [string, ...string[]],
  options: ShellArguments,
  existing: string | undefined,
): Promise<void> {
  const { selector = '', name, client, clientConfig, maxDuration } = options
  if (options.exporterConfig !== undefined || options.host !== undefined) {
    throw new UsageError(['--selector, --name and --lease exclude --exporter-config and --host'])
  }
  const { loadClientConfig } = await import('../../leases/controller/client-config.ts')
  const { leaseFromController } = await import('../../leases/controller/lease-from-controller.ts')
  const { leaseTags } = await import('../../leases/controller/lease-tags.ts')
  const config = await loadClientConfig({ file: clientConfig, alias: client }, process.env)
  const cancel = new AbortController()
  const stop = (signal: NodeJS.Signals) => {
    process.exitCode = 128 + constants.signals[signal]
    cancel.abort(new Error(signal))
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, stop)
  const lease = await leaseFromController({
    config,
    lease: existing ?? { selector, exporter: name, ...leaseTags(process.env, undefined) },
    maxDurationMs: maxDuration,
    logLevel: logLevelOf(options),
    signal: cancel.signal,
    emit: print,
  }).finally(() => {
    for (const signal of signals) process.off(signal, stop)
  })
  onAbort(lease.lost, () => console.error(`error: ${messageOf(lease.lost.reason)}`))
  try {
    const { labels } = lease.exporter
    const variables = { ...exporterToEnvironment({ endpoint: lease.endpoint, labels }, lease.name), ...logIsShown }
    process.exitCode = await runCommandToEnd(argv, { variables, lost: lease.lost })
  } finally {
    await lease.release()
  }
}

async function openExporter({ exporterConfig, ...endpoint }: ShellArguments): Promise<LeasableExporter> {
  const logLevel = logLevelOf(endpoint)
  if (exporterConfig === undefined) {
    const { DirectExporter } = await import('../../leases/direct-exporter.ts')
    const found = await readEndpoint(endpoint)
    const name = found.endpoint.name ?? 'direct'
    // The programs of the command, such as Python's and a run of Vitest, are clients without the key of a lease.
    return DirectExporter.connect({ ...found, name, takesLease: false, logLevel, emit: print })
  }
  if (endpoint.host !== undefined) throw new UsageError(['--exporter-config and --host exclude each other'])
  const { LocalExporter } = await import('../../leases/local/local-exporter.ts')
  return LocalExporter.start({ name: 'local', file: exporterConfig, logLevel, emit: print })
}

function print(event: LeaseEvent): void {
  console.error(describe(event))
}
