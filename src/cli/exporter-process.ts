/**
 * The process of an exporter that a test run has started: it gets the path of its file, and talks to the run over Node's
 * IPC channel. When the channel closes the run is over, or dead, and the drivers are closed.
 */
import { driverTypes } from '../drivers/types.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { FromExporter, ToExporter } from '../leases/exporter-messages.ts'
import { loadExporter, type OpenSession, openSession } from '../runtime/exporter.ts'

/** The longest that closing the drivers may take once the run is gone, in milliseconds. */
const farewellMs = 10_000

const [file = ''] = process.argv.slice(2)
/** Also while it opens, so that an end in between waits for it. */
let session: Promise<OpenSession> | undefined
let ending = false

// A terminal sends Ctrl-C to the whole group; what ends this process is the run, when its tests have cleaned up.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => void end())
process.on('disconnect', () => void end())

// What is not awaited in a driver must not take the other drivers' boards with it.
process.on('unhandledRejection', (reason) => console.error('unhandled rejection in a driver:', reason))

try {
  const exporter = await loadExporter(file, driverTypes)
  process.on('message', (message: ToExporter) => {
    const done = message.type === 'open' ? open(message.id) : close(message.id)
    done.catch((error: unknown) => void fail(error, message.id))
  })
  await send({ type: 'ready', name: exporter.name, labels: exporter.labels, warnings: exporter.warnings })

  async function open(id: number): Promise<void> {
    session = openSession(exporter)
    const { address } = await session
    await send({ type: 'opened', id, address })
  }
} catch (error) {
  process.exitCode = 1
  await fail(error)
  await end()
}

async function close(id: number): Promise<void> {
  const ended = session
  session = undefined
  await (await ended)?.close()
  await send({ type: 'closed', id })
}

async function end(): Promise<void> {
  if (ending) return
  ending = true
  setTimeout(() => {
    console.error(`the drivers did not close within ${farewellMs} ms`)
    process.exit(1)
  }, farewellMs).unref()
  try {
    await (await session)?.close()
    process.exitCode ??= 0
  } catch (error) {
    console.error(messageOf(error))
    process.exitCode = 1
  }
  process.exit()
}

function send(message: FromExporter): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve())
    else resolve()
  })
}

function fail(error: unknown, id?: number): Promise<void> {
  const code = error instanceof HardwareError ? error.code : 'EXPORTER_FAILED'
  return send({ type: 'failed', code, message: messageOf(error), ...(id === undefined ? {} : { id }) })
}
