import { once } from 'node:events'
import { constants } from 'node:os'

import { startTimer } from '../../base/clock.ts'
import { removeAbandonedFolders } from '../../base/abandoned-folders.ts'
import { onAbort } from '../../base/abort.ts'
import { Cleanups } from '../../base/cleanups.ts'
import { driverTypes } from '../../drivers/types.ts'
import { isInsecure } from '../../leases/environment.ts'
import { describeOwner, exporterLockKey, thisProcess } from '../../leases/machine-lock/exporter-lock.ts'
import { lockOnMachine, type MachineLock } from '../../leases/machine-lock/machine-lock.ts'
import { environmentVariables } from '../../protocol/environment-variables.ts'
import { loadExporter } from '../../runtime/exporter.ts'
import { makeExporterSafe, openSession } from '../../runtime/open-session.ts'
import { handleStrayErrors } from '../../runtime/stray-errors.ts'
import { type LogArguments, logLevelOf } from '../options.ts'
import { type ListenArguments, readListenOptions } from '../listen.ts'
import { superviseExporter } from './supervise-exporter.ts'

/** The options of `vitest-hardware run`. */
export interface RunArguments extends ListenArguments, LogArguments {
  readonly exporterConfig: string
  /** Start the exporter again each time that it has failed. */
  readonly restart?: boolean
}

/** The time in which a process that has failed ends by itself once its devices are safe, in milliseconds. */
const lastTurnsMs = 2_000

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Serves one session of an exporter until a signal ends it. Prints the variables that a client needs to standard output, in the
 * form of a shell's assignments; the first is `JUMPSTARTER_HOST`. Leaves the devices safe, also after an error that no call reports.
 *
 * @throws HardwareError EXPORTER_FAILED when the session has failed, or the process cannot be trusted any more
 */
export async function runExporter({ exporterConfig, restart, log, ...listenArguments }: RunArguments): Promise<void> {
  if (restart === true) return superviseExporter(process.argv.slice(1))
  const listen = await readListenOptions(listenArguments)
  const logLevel = logLevelOf({ log })
  const exporter = await loadExporter(exporterConfig, driverTypes)
  const print = (line: string) => console.error(line)
  for (const warning of exporter.warnings) print(`warning: ${warning}`)
  if (
    listen.address?.kind === 'tcp' &&
    listen.security?.tls === undefined &&
    listen.security?.passphrase !== undefined
  ) {
    print('warning: without TLS everybody who can see the network traffic can read the passphrase')
  }

  removeAbandonedFolders().catch(() => undefined)
  const end = new AbortController()
  const failure = Promise.withResolvers<never>()
  handleStrayErrors({ print, untrusted: (error, safe) => void safe.then(() => failure.reject(error)) })
  const ended = Promise.race([waitForSignal(end.signal), failure.promise]).finally(() => {
    end.abort(new Error('interrupted'))
  })
  // Nothing awaits this promise if an error ends the function.
  ended.catch(() => undefined)
  let lock: MachineLock | undefined
  try {
    lock = await lockOnMachine(exporterLockKey(exporterConfig, exporter.lock), {
      owner: thisProcess(),
      signal: end.signal,
      waiting: (holder) => print(`waiting: ${exporterConfig} is held by ${describeOwner(holder)}`),
    })
    if (lock.abandoned) await makeExporterSafe(exporter)
    if (exporter.controller !== undefined && listen.address === undefined) {
      const { serveController } = await import('../../runtime/controller/serve-controller.ts')
      const { finish, stop } = controllerSignals(end, failure.promise)
      const endpoint = { ...exporter.controller, ...(isInsecure(process.env) ? { insecure: true } : {}) }
      await serveController(exporter, { endpoint, print, logLevel, signal: stop, whenFree: finish })
      process.exitCode = await ended
      return
    }
    const session = await openSession(exporter, { ...listen, givesLeases: true, print, logLevel, signal: end.signal })
    console.log(`${environmentVariables.address}=${session.address}`)
    if (listen.address?.kind === 'tcp' && listen.security?.tls === undefined) {
      console.log(`${environmentVariables.insecure}=1`)
    }
    const cleanups = new Cleanups()
    cleanups.add('the session', () => session.close(), 'self-limited')
    const { failed } = session.session
    onAbort(failed, () => failure.reject(failed.reason))
    print(`exporter ${exporter.name} is ready; Ctrl-C ends it`)
    try {
      process.exitCode = await ended
    } catch (error) {
      await cleanups.runAfter(error)
    }
    await cleanups.run()
  } catch (error) {
    if (end.signal.aborted) process.exitCode = await ended.catch(exitAfterFailure)
    throw error
  } finally {
    await lock?.release()
    end.abort()
  }
}

/** SIGHUP ends the program after the current lease; the other signals end the lease. */
function controllerSignals(
  end: AbortController,
  failure: Promise<never>,
): { readonly finish: AbortSignal; readonly stop: AbortSignal } {
  const [finish, stop] = [new AbortController(), new AbortController()]
  failure.catch((error: unknown) => stop.abort(error))
  process.once('SIGHUP', () => finish.abort())
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(end.signal.reason))
  return { finish: finish.signal, stop: stop.signal }
}

/** Waits for a signal that ends the process. @returns the exit code that a shell gives for that signal */
async function waitForSignal(cancel: AbortSignal): Promise<number> {
  const signals = endingSignals.map(async (name) => {
    await once(process, name, { signal: cancel })
    return 128 + constants.signals[name]
  })
  return Promise.race(signals)
}

/** Ends the process even if a driver that has failed keeps it busy. @returns the exit code */
function exitAfterFailure(): number {
  startTimer(() => process.exit(), lastTurnsMs).unref()
  return 1
}
