/**
 * The process of an exporter that a test run has started: it gets the path of its file, and that of the run's sockets, and
 * talks to the run over Node's IPC channel. When the channel closes the run is dead, and the drivers are closed.
 */
import { driverTypes } from '../drivers/types.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { ExporterRequest, FromExporter, ToExporter } from '../leases/exporter-messages.ts'
import { exporterLockKey } from '../leases/exporter-lock.ts'
import { lockOnMachine, type MachineLock } from '../leases/machine-lock.ts'
import type { LockOwner } from '../leases/machine-lock-claim.ts'
import type { ExporterActivity } from '../protocol/activity.ts'
import { createCommonFolder, type PrivateFolder, removePrivateFolder } from '../private-folder.ts'
import { type Exporter, loadExporter } from '../runtime/exporter.ts'
import { makeExporterSafe, type OpenSession, openSession, preloadServer } from '../runtime/open-session.ts'

/** The longest that leaving the devices safe and closing the drivers may take once the run is gone, in milliseconds, besides a hook. */
const farewellMs = 15_000

/** How long a run that has got SIGTERM, as this process, has to end its leases, in milliseconds; Vitest's own default. */
const patienceMs = 10_000

const [file = '', runFolder] = process.argv.slice(2)
/** Also while it opens and closes, so that an end in between waits for it. */
let session: Promise<OpenSession> | undefined
/** Also while it waits, and while the devices are made safe. */
let lock: { readonly got: Promise<MachineLock>; readonly giveUp: AbortController } | undefined
let exporter: Exporter | undefined
/** Also while it is made. */
let folder: Promise<PrivateFolder> | undefined
const ending = new AbortController()

preloadServer()

// A terminal sends Ctrl-C to the whole group; what ends this process is the run, when its tests have cleaned up.
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)
// As a supervisor does, which sends it to the run and its tests, too.
process.on('SIGTERM', () => setTimeout(() => void end(), patienceMs).unref())
process.on('disconnect', () => void end())
process.on('message', ({ type }: ToExporter) => {
  if (type === 'stop') void end()
})
if (!process.connected) await end()

// What is not awaited in a driver must not take the other drivers' boards with it.
process.on('unhandledRejection', (reason) => console.error('unhandled rejection in a driver:', reason))

try {
  folder = createCommonFolder()
  await send({ type: 'folder', path: (await folder).path })
  exporter = await loadExporter(file, driverTypes)
  const { name, labels, warnings, hooks } = exporter
  process.on('message', (message: ToExporter) => {
    if (message.type === 'stop') return
    void send({ type: 'received', id: message.id })
    const { id } = message
    if (message.type === 'ping') return
    perform(message).then(
      (answer) => send({ ...answer, id }),
      (error: unknown) => failRequest(error, message),
    )
  })
  const hooksMs = { before: hooks?.beforeLease?.timeoutMs ?? 0, after: hooks?.afterLease?.timeoutMs ?? 0 }
  await send({ type: 'ready', name, labels, warnings, lockKey: exporterLockKey(file, exporter.lock), hooksMs })
} catch (error) {
  process.exitCode = 1
  await fail(error)
  await end()
}

type Answer =
  | { readonly type: 'opened'; readonly address: string }
  | { readonly type: 'activity'; readonly activity: ExporterActivity }
  | { readonly type: 'done' }

async function perform(request: Exclude<ExporterRequest, { type: 'ping' }>): Promise<Answer> {
  if (request.type === 'open') return { type: 'opened', address: await open() }
  if (request.type === 'activity') return { type: 'activity', activity: await tell() }
  if (request.type === 'close') await close()
  else if (request.type === 'reserve') await reserve(request)
  else await free()
  return { type: 'done' }
}

async function reserve({ id, owner }: Extract<ExporterRequest, { type: 'reserve' }>): Promise<void> {
  const giveUp = new AbortController()
  const waiting = (holder: LockOwner) => void send({ type: 'waiting', id, holder })
  const got = lockAndMakeSafe(owner, giveUp.signal, waiting)
  lock = { got, giveUp }
  await got
}

async function lockAndMakeSafe(
  owner: Omit<LockOwner, 'since'>,
  signal: AbortSignal,
  waiting: (holder: LockOwner) => void,
): Promise<MachineLock> {
  if (exporter === undefined) throw notLoaded()
  const locked = await lockOnMachine(exporterLockKey(file, exporter.lock), { owner, signal, waiting })
  try {
    // The process that had the board was killed, and could not do it.
    if (locked.abandoned) await makeExporterSafe(exporter)
    return locked
  } catch (error) {
    await locked.release()
    throw error
  }
}

async function free(): Promise<void> {
  const freed = lock
  lock = undefined
  freed?.giveUp.abort(new HardwareError('CALL_CANCELLED', 'nobody waits for the exporter any more'))
  await (await freed?.got.catch(() => undefined))?.release()
}

function notLoaded(): HardwareError {
  return new HardwareError('NOT_READY', 'the exporter has not been loaded')
}

async function open(): Promise<string> {
  if (exporter === undefined) throw notLoaded()
  const opening = openSession(exporter, { print: (line) => console.log(line), signal: ending.signal })
  session = opening
  try {
    return (await opening).address
  } catch (error) {
    if (session === opening) session = undefined
    throw error
  }
}

async function tell(): Promise<ExporterActivity> {
  return (await session)?.session.activity.describe() ?? { calls: [], consoles: [] }
}

async function close(): Promise<void> {
  const ended = session
  try {
    await (await ended)?.close()
  } finally {
    if (session === ended) session = undefined
  }
}

async function end(): Promise<void> {
  if (ending.signal.aborted) return
  ending.abort(new HardwareError('CALL_CANCELLED', 'the run has ended'))
  const limitMs = farewellMs + (exporter?.hooks?.afterLease?.timeoutMs ?? 0)
  setTimeout(() => {
    console.error(`the drivers did not close within ${limitMs} ms`)
    process.exit(1)
  }, limitMs).unref()
  try {
    await (await session)?.close()
    process.exitCode ??= 0
  } catch (error) {
    // A session that was only starting has given up for that, and is closed.
    const isEnding = error === ending.signal.reason
    if (!isEnding) console.error(messageOf(error))
    process.exitCode = isEnding ? 0 : 1
  }
  await free().catch((error: unknown) => console.error(messageOf(error)))
  await folder?.then((made) => made.remove()).catch((error: unknown) => console.error(messageOf(error)))
  // The run does it itself, unless it was killed.
  if (runFolder !== undefined && !process.connected) await removePrivateFolder(runFolder)
  process.exit()
}

function send(message: FromExporter): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve())
    else resolve()
  })
}

/** A hook may say that its failure takes the exporter out of service. */
async function failRequest(error: unknown, { type, id }: ExporterRequest): Promise<void> {
  const hook = type === 'open' ? exporter?.hooks?.beforeLease : exporter?.hooks?.afterLease
  const retired = hook?.onFailure === 'exit' && isHookFailure(error)
  await fail(error, { id, ...(retired ? { retired } : {}) })
  if (!retired) return
  process.exitCode = 1
  await end()
}

function isHookFailure(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isHookFailure)
  return error instanceof HardwareError && error.code === 'HOOK_FAILED'
}

function fail(error: unknown, request: { readonly id?: number; readonly retired?: boolean } = {}): Promise<void> {
  const code = error instanceof HardwareError ? error.code : 'EXPORTER_FAILED'
  return send({ type: 'failed', code, message: messageOf(error), ...request })
}
