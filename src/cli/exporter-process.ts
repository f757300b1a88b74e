/**
 * The process of an exporter that a test run has started: it gets the path of its file, and talks to the run over Node's
 * IPC channel. When the channel closes the run is over, or dead, and the drivers are closed.
 */
import { driverTypes } from '../drivers/types.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { FromExporter, ToExporter } from '../leases/exporter-messages.ts'
import { createCommonFolder, type PrivateFolder } from '../private-folder.ts'
import { type Exporter, loadExporter } from '../runtime/exporter.ts'
import { type OpenSession, openSession, preloadServer } from '../runtime/open-session.ts'

/** The longest that leaving the devices safe and closing the drivers may take once the run is gone, in milliseconds, besides a hook. */
const farewellMs = 15_000

const [file = ''] = process.argv.slice(2)
/** Also while it opens and closes, so that an end in between waits for it. */
let session: Promise<OpenSession> | undefined
let exporter: Exporter | undefined
let folder: PrivateFolder | undefined
const ending = new AbortController()

preloadServer()

// A terminal sends Ctrl-C to the whole group; what ends this process is the run, when its tests have cleaned up.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => void end())
process.on('disconnect', () => void end())

// What is not awaited in a driver must not take the other drivers' boards with it.
process.on('unhandledRejection', (reason) => console.error('unhandled rejection in a driver:', reason))

try {
  folder = await createCommonFolder()
  await send({ type: 'folder', path: folder.path })
  exporter = await loadExporter(file, driverTypes)
  const { name, labels, warnings, hooks } = exporter
  process.on('message', (message: ToExporter) => {
    const done = message.type === 'open' ? open(message.id) : close(message.id)
    done.catch((error: unknown) => void failRequest(error, message))
  })
  const hooksMs = { before: hooks?.beforeLease?.timeoutMs ?? 0, after: hooks?.afterLease?.timeoutMs ?? 0 }
  await send({ type: 'ready', name, labels, warnings, hooksMs })
} catch (error) {
  process.exitCode = 1
  await fail(error)
  await end()
}

async function open(id: number): Promise<void> {
  if (exporter === undefined) return
  const opening = openSession(exporter, { print: (line) => console.log(line), signal: ending.signal })
  session = opening
  const { address } = await opening.catch((error: unknown) => {
    if (session === opening) session = undefined
    throw error
  })
  await send({ type: 'opened', id, address })
}

async function close(id: number): Promise<void> {
  const ended = session
  try {
    await (await ended)?.close()
  } finally {
    if (session === ended) session = undefined
  }
  await send({ type: 'closed', id })
}

async function end(): Promise<void> {
  if (ending.signal.aborted) return
  ending.abort()
  const limitMs = farewellMs + (exporter?.hooks?.afterLease?.timeoutMs ?? 0)
  setTimeout(() => {
    console.error(`the drivers did not close within ${limitMs} ms`)
    process.exit(1)
  }, limitMs).unref()
  try {
    await (await session)?.close()
    process.exitCode ??= 0
  } catch (error) {
    console.error(messageOf(error))
    process.exitCode = 1
  }
  await folder?.remove().catch((error: unknown) => console.error(messageOf(error)))
  process.exit()
}

function send(message: FromExporter): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve())
    else resolve()
  })
}

/** A hook may say that its failure takes the exporter out of service. */
async function failRequest(error: unknown, { type, id }: ToExporter): Promise<void> {
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
