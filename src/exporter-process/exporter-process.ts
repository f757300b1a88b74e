import { startTimer } from '../base/clock.ts'
import { onAbort } from '../base/abort.ts'
import { createCommonFolder, type PrivateFolder, removePrivateFolder } from '../base/private-folder.ts'
import { driverTypes } from '../drivers/types.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { ExporterRequest, ToExporter } from '../leases/local/exporter-messages.ts'
import type { LockOwner } from '../leases/machine-lock/claim.ts'
import { exporterLockKey } from '../leases/machine-lock/exporter-lock.ts'
import { logLevelFrom } from '../base/log-level.ts'
import type { ExporterActivity } from '../protocol/activity.ts'
import { type Exporter, loadExporter } from '../runtime/exporter.ts'
import { isHookFailure } from '../runtime/hooks.ts'
import { type OpenSession, openSession } from '../runtime/open-session.ts'
import { handleStrayErrors } from '../runtime/stray-errors.ts'
import { Reservation } from './reservation.ts'
import { factsOf, send, sendFailure } from './send.ts'

/** The longest time that making devices safe and closing drivers may take at the end, in milliseconds, in addition to a hook. */
const endTimeoutMs = 15_000

/** The time between SIGTERM and the end, in which the run ends its leases, in milliseconds; Vitest's own default. */
const gracePeriodMs = 10_000

type Request = Exclude<ExporterRequest, { type: 'ping' }>

/** The answer to a request, without the request's id. */
type Answer =
  | { readonly type: 'opened'; readonly address: string }
  | { readonly type: 'activity'; readonly activity: ExporterActivity }
  | { readonly type: 'done' }

/** The process of an exporter, as it sees itself. The run's side is `leases/local/exporter-child.ts`. */
export class ExporterProcess {
  readonly #file: string
  readonly #runFolder: string | undefined
  readonly #ending = new AbortController()
  /** The session, while it opens, is open and closes. An end in between waits for it. */
  #session: Promise<OpenSession> | undefined
  /** The reservation, also while it waits for other processes, and while the devices are made safe. */
  #reservation: Reservation | undefined
  #exporter: Exporter | undefined
  /** After an exception that nobody has caught. The end of the process answers all requests then. */
  #isBroken = false
  /** The folder of all sockets and temporary files of this process, also while it is made. */
  #folder: Promise<PrivateFolder> | undefined

  /**
   * @param file the exporter's file
   * @param runFolder the folder of the run's sockets, which this process removes if the run is killed
   */
  constructor(file: string, runFolder: string | undefined) {
    this.#file = file
    this.#runFolder = runFolder
  }

  /** Loads the exporter and begins to answer requests. A failure ends the process. */
  async start(): Promise<void> {
    this.#listenForEnd()
    if (!process.connected) await this.#end()
    try {
      this.#folder = createCommonFolder()
      await send({ type: 'folder', path: (await this.#folder).path })
      this.#exporter = await loadExporter(this.#file, driverTypes)
      process.on('message', (message: ToExporter) => {
        if (message.type !== 'stop') this.#receive(message)
      })
      await this.#sendReady(this.#exporter)
    } catch (error) {
      process.exitCode = 1
      await sendFailure(error)
      await this.#end()
    }
  }

  #listenForEnd(): void {
    // A terminal sends Ctrl-C to the whole group. The run ends this process, after its tests have cleaned up.
    process.on('SIGINT', () => undefined)
    process.on('SIGHUP', () => undefined)
    // A supervisor signals every process; give the run time to end its leases first.
    process.on('SIGTERM', () => startTimer(() => void this.#end(), gracePeriodMs).unref())
    // The run is dead when its channel closes.
    process.on('disconnect', () => void this.#end())
    process.on('message', ({ type }: ToExporter) => {
      if (type === 'stop') void this.#end()
    })
    handleStrayErrors({
      print: (text) => console.error(text),
      untrusted: (_error, safe) => {
        this.#isBroken = true
        process.exitCode = 1
        void safe.then(() => this.#end())
      },
    })
  }

  async #sendReady({ name, labels, warnings, hooks, lock }: Exporter): Promise<void> {
    const hooksMs = { before: hooks?.beforeLease?.timeoutMs ?? 0, after: hooks?.afterLease?.timeoutMs ?? 0 }
    await send({ type: 'ready', name, labels, warnings, lockKey: exporterLockKey(this.#file, lock), hooksMs })
  }

  #receive(request: ExporterRequest): void {
    const { id } = request
    void send({ type: 'received', id })
    if (request.type === 'ping') return
    this.#perform(request).then(
      (answer) => (this.#isBroken ? undefined : send({ ...answer, id })),
      (error: unknown) => this.#failRequest(error, request),
    )
  }

  async #perform(request: Request): Promise<Answer> {
    if (request.type === 'open') return { type: 'opened', address: await this.#open() }
    if (request.type === 'activity') return { type: 'activity', activity: await this.#describeActivity() }
    if (request.type === 'close') await this.#close()
    else if (request.type === 'reserve') await this.#reserve(request)
    else await this.#free()
    return { type: 'done' }
  }

  async #reserve({ id, owner }: Extract<Request, { type: 'reserve' }>): Promise<void> {
    const waiting = (holder: LockOwner) => void send({ type: 'waiting', id, holder })
    const reservation = new Reservation(this.#loaded, { file: this.#file, owner, waiting })
    this.#reservation = reservation
    await reservation.ready()
  }

  async #free(): Promise<void> {
    const reservation = this.#reservation
    this.#reservation = undefined
    await reservation?.end()
  }

  async #open(): Promise<string> {
    const opening = openSession(this.#loaded, {
      print: (line) => console.log(line),
      logLevel: logLevelFrom(process.env),
      signal: this.#ending.signal,
    })
    this.#session = opening
    try {
      const { session, address } = await opening
      onAbort(session.failed, () => void send({ type: 'sessionFailed', ...factsOf(session.failed.reason) }))
      return address
    } catch (error) {
      if (this.#session === opening) this.#session = undefined
      throw error
    }
  }

  async #describeActivity(): Promise<ExporterActivity> {
    return (await this.#session)?.session.activity.describe() ?? { calls: [], consoles: [] }
  }

  async #close(): Promise<void> {
    const session = this.#session
    try {
      await (await session)?.close()
    } finally {
      if (this.#session === session) this.#session = undefined
    }
  }

  get #loaded(): Exporter {
    if (this.#exporter === undefined) throw new HardwareError('NOT_READY', 'the exporter has not been loaded')
    return this.#exporter
  }

  /** Closes the session and ends the process. The exit code is 0 if the devices are safe. */
  async #end(): Promise<void> {
    if (this.#ending.signal.aborted) return
    this.#ending.abort(new HardwareError('CALL_CANCELLED', 'the run has ended'))
    this.#limitEnd()
    try {
      await (await this.#session)?.close()
      process.exitCode ??= 0
    } catch (error) {
      // A session that was still opening has ended for that reason, and is closed.
      const hasGivenUp = error === this.#ending.signal.reason
      if (!hasGivenUp) console.error(messageOf(error))
      process.exitCode = hasGivenUp ? 0 : 1
    }
    await this.#free().catch(printError)
    await this.#folder?.then((folder) => folder.remove()).catch(printError)
    // A run that was killed could not remove its own folder.
    if (this.#runFolder !== undefined && !process.connected) await removePrivateFolder(this.#runFolder)
    process.exit()
  }

  #limitEnd(): void {
    const limitMs = endTimeoutMs + (this.#exporter?.hooks?.afterLease?.timeoutMs ?? 0)
    startTimer(() => {
      console.error(`the drivers did not close within ${limitMs} ms`)
      process.exit(1)
    }, limitMs).unref()
  }

  /** Reports a request that has failed. A hook may say that its failure takes the exporter out of service. */
  async #failRequest(error: unknown, { type, id }: Request): Promise<void> {
    const { beforeLease, afterLease } = this.#exporter?.hooks ?? {}
    const hook = type === 'open' ? beforeLease : afterLease
    const outOfService = hook?.onFailure === 'exit' && isHookFailure(error)
    await sendFailure(error, { id, outOfService })
    if (!outOfService) return
    process.exitCode = 1
    await this.#end()
  }
}

function printError(error: unknown): void {
  console.error(messageOf(error))
}
