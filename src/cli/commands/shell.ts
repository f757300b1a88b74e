import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { resolve } from 'node:path'

import { messageOf } from '../../errors.ts'
import { type Environment, exporterToEnvironment, leaseFromEnvironment } from '../../leases/environment.ts'
import { describeOwner } from '../../leases/exporter-lock.ts'
import type { LeasableExporter } from '../../leases/lease.ts'
import { type EndpointArguments, readEndpoint } from '../endpoint.ts'
import { UsageError } from '../usage-error.ts'
import type { ControllerArguments } from '../with-controller.ts'

/** The options of `vitest-hardware shell`. */
export interface ShellArguments extends EndpointArguments, ControllerArguments {
  readonly exporterConfig?: string
  /** A lease of a controller: of an exporter with these labels, of this one, or one that there is already. */
  readonly selector?: string
  readonly name?: string
  readonly lease?: string
  /** How long a lease of a controller may last, in milliseconds. */
  readonly maxDuration?: number
}

/**
 * Leases an exporter, and runs a command that its environment tells where it is: the user's shell, unless another is
 * given. The exit code is the command's; 127 where there is no such command, 126 where it cannot be run.
 */
export async function runShell(command: readonly string[], options: ShellArguments): Promise<void> {
  const [program = process.env['SHELL'] || '/bin/sh', ...args] = command
  const { selector, name, exporterConfig, host } = options
  const isNamed = [selector, name, exporterConfig, host].some((given) => given !== undefined)
  const existing = options.lease ?? (isNamed ? undefined : leaseFromEnvironment(process.env))
  if ([selector, name, existing].some((given) => given !== undefined)) {
    return runOnFleet(program, args, options, existing)
  }
  const exporter = await open(options)
  try {
    await exporter.reserve({
      waiting: (holder) => console.error(`waiting: ${exporter.name} is held by ${describeOwner(holder)}`),
    })
    const lease = await exporter.lease()
    try {
      if (command.length === 0) console.error(`exporter ${exporter.name} is leased; exit ends the lease`)
      const variables = exporterToEnvironment({ endpoint: lease.endpoint, labels: exporter.labels ?? {} })
      // Both gRPC's own core and grpc-js look there, so that commands of either trust the same authorities.
      const roots = options.ca === undefined ? {} : { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: resolve(options.ca) }
      process.exitCode = await run(program, args, { ...variables, ...roots })
    } finally {
      await lease.release()
    }
  } finally {
    await exporter.close()
  }
}

/** Leases from a controller; Ctrl-C while that waits gives up. */
async function runOnFleet(
  program: string,
  args: readonly string[],
  options: ShellArguments,
  existing: string | undefined,
): Promise<void> {
  const { selector = '', name, client, clientConfig, maxDuration } = options
  if (options.exporterConfig !== undefined || options.host !== undefined) {
    throw new UsageError(['--selector, --name and --lease exclude --exporter-config and --host'])
  }
  const { loadClientConfig } = await import('../../leases/controller/client-config.ts')
  const { leaseFromController } = await import('../../leases/controller/controller-lease.ts')
  const { factsOf } = await import('../../leases/controller/facts.ts')
  const config = await loadClientConfig({ file: clientConfig, alias: client }, process.env)
  const giveUp = new AbortController()
  const stop = (signal: NodeJS.Signals) => {
    process.exitCode = 128 + constants.signals[signal]
    giveUp.abort(new Error(signal))
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, stop)
  const lease = await leaseFromController({
    config,
    lease: existing ?? { selector, exporter: name, ...factsOf(process.env, undefined) },
    maxDurationMs: maxDuration,
    signal: giveUp.signal,
    print: (line) => console.error(line),
  }).finally(() => {
    for (const signal of signals) process.off(signal, stop)
  })
  lease.lost.addEventListener('abort', () => console.error(`error: ${messageOf(lease.lost.reason)}`))
  try {
    const { labels } = lease.exporter
    const variables = exporterToEnvironment({ endpoint: lease.endpoint, labels }, lease.name)
    process.exitCode = await run(program, args, variables, lease.lost)
  } finally {
    await lease.release()
  }
}

async function open({ exporterConfig, ...endpoint }: ShellArguments): Promise<LeasableExporter> {
  const print = (line: string) => console.error(line)
  if (exporterConfig === undefined) {
    const { connectDirectExporter } = await import('../../leases/direct-exporter.ts')
    const found = await readEndpoint(endpoint)
    return connectDirectExporter({ ...found, name: found.endpoint.name ?? 'direct', print })
  }
  if (endpoint.host !== undefined) throw new UsageError(['--exporter-config and --host exclude each other'])
  const { startLocalExporter } = await import('../../leases/local-exporter.ts')
  return startLocalExporter({ name: 'local', file: exporterConfig, print })
}

/**
 * @param lost is aborted when the command can use its exporter no more, which it is told as of a terminal that is gone
 * @returns the exit code that a shell would give for the command
 */
async function run(
  program: string,
  args: readonly string[],
  variables: Environment,
  lost?: AbortSignal,
): Promise<number> {
  let stop = () => undefined as unknown
  try {
    // For some reasons it throws, for others it emits an error.
    const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...variables } })
    stop = passSignals(child)
    lost?.addEventListener('abort', () => child.kill('SIGHUP'))
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    console.error(`error: ${program}: ${missing ? 'command not found' : (cause as Error).message}`)
    return missing ? 127 : 126
  } finally {
    stop()
  }
}

/** Passes on what would end this process, so that the lease outlives the command. @returns what ends that */
function passSignals(child: ChildProcess): () => void {
  const pass = (signal: NodeJS.Signals) => void child.kill(signal)
  // A terminal's Ctrl-C goes to the command by itself.
  const ignore = () => undefined
  process.on('SIGTERM', pass).on('SIGHUP', pass).on('SIGINT', ignore)
  return () => process.off('SIGTERM', pass).off('SIGHUP', pass).off('SIGINT', ignore)
}
