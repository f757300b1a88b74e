import { once } from 'node:events'
import { constants } from 'node:os'

import { removeAbandonedFolders } from '../../abandoned-folders.ts'
import { driverTypes } from '../../drivers/types.ts'
import { isInsecure } from '../../leases/environment.ts'
import { describeOwner, exporterLockKey, thisProcess } from '../../leases/exporter-lock.ts'
import { lockOnMachine, type MachineLock } from '../../leases/machine-lock.ts'
import { environmentVariables } from '../../protocol/endpoint.ts'
import { loadExporter } from '../../runtime/exporter.ts'
import { makeExporterSafe, openSession } from '../../runtime/open-session.ts'
import { type ListenArguments, readListenOptions } from '../listen.ts'

/** The options of `vitest-hardware run`. */
export interface RunArguments extends ListenArguments {
  readonly exporterConfig: string
}

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Serves one session of an exporter until a signal ends it. Standard output has the variables that a client needs, in the
 * form of a shell's assignments, the first of them `JUMPSTARTER_HOST`.
 */
export async function runExporter({ exporterConfig, ...listenArguments }: RunArguments): Promise<void> {
  const listen = await readListenOptions(listenArguments)
  const exporter = await loadExporter(exporterConfig, driverTypes)
  const print = (line: string) => console.error(line)
  for (const warning of exporter.warnings) print(`warning: ${warning}`)
  if (
    listen.address?.kind === 'tcp' &&
    listen.security?.tls === undefined &&
    listen.security?.passphrase !== undefined
  ) {
    print('warning: without TLS the passphrase can be read by whoever sees the network traffic')
  }

  removeAbandonedFolders().catch(() => undefined)
  const end = new AbortController()
  const ended = endOf(end.signal).finally(() => end.abort(new Error('interrupted')))
  // Without a signal nobody awaits it.
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
      const { serveFleet } = await import('../../runtime/fleet/serve-fleet.ts')
      const { finish, stop } = endsOfFleet(end)
      const endpoint = { ...exporter.controller, ...(isInsecure(process.env) ? { insecure: true } : {}) }
      await serveFleet(exporter, { endpoint, print, signal: stop, whenFree: finish })
      process.exitCode = await ended
      return
    }
    const session = await openSession(exporter, { ...listen, print, signal: end.signal })
    console.log(`${environmentVariables.address}=${session.address}`)
    if (listen.address?.kind === 'tcp' && listen.security?.tls === undefined) {
      console.log(`${environmentVariables.insecure}=1`)
    }
    print(`exporter ${exporter.name} is ready; Ctrl-C ends it`)
    process.exitCode = await ended
    await session.close()
  } catch (error) {
    if (!end.signal.aborted) throw error
    process.exitCode = await ended
    throw error
  } finally {
    await lock?.release()
    end.abort()
  }
}

/** SIGHUP lets the lease that is served end by itself; the other signals end it. */
function endsOfFleet(end: AbortController): { readonly finish: AbortSignal; readonly stop: AbortSignal } {
  const [finish, stop] = [new AbortController(), new AbortController()]
  process.once('SIGHUP', () => finish.abort())
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(end.signal.reason))
  return { finish: finish.signal, stop: stop.signal }
}

/** Waits for a signal that ends the process. @returns the exit code that stands for it */
async function endOf(cancel: AbortSignal): Promise<number> {
  const signals = endingSignals.map(async (name) => {
    await once(process, name, { signal: cancel })
    return 128 + constants.signals[name]
  })
  return Promise.race(signals)
}
