import { once } from 'node:events'
import { createServer, type ListenOptions, type Socket } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'

import { anySignal } from '../base/abort.ts'
import { HardwareError, messageOf } from '../errors.ts'

/** Options of every kind of forwarding. */
export interface ForwardOptions {
  /**
   * Receives the error when a connection could not be opened, or broke. The program at the local end only sees a reset.
   * Without this option the error is a warning of the process.
   */
  readonly onError?: ((error: Error) => void) | undefined
}

/** A local listener whose connections are streams of a driver. */
interface Forwarder extends AsyncDisposable {
  /** The port it listens on; 0 for a socket. */
  readonly port: number
}

/**
 * Listens, and joins each connection to a stream. Either side can end its half and still read.
 *
 * @param listen the address to listen on
 * @param open opens a stream; the signal is aborted when the forwarding ends
 * @throws HardwareError ARGUMENT_INVALID when it cannot listen on the address
 */
export async function forwardConnections(
  listen: ListenOptions,
  open: (signal: AbortSignal) => Promise<Duplex>,
  { onError = (error) => process.emitWarning(`Forwarding: ${error.message}`) }: ForwardOptions,
): Promise<Forwarder> {
  const controller = new AbortController()
  const joins = new Set<Promise<void>>()
  const sockets = new Set<Socket>()
  const report = (error: unknown) => {
    if (controller.signal.aborted) return
    onError(error instanceof Error ? error : new Error(String(error)))
  }
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    const joined = join(socket, open, controller.signal, report).finally(() => {
      sockets.delete(socket)
      joins.delete(joined)
    })
    joins.add(joined)
  })
  try {
    server.listen(listen)
    await once(server, 'listening')
  } catch (cause) {
    const where = listen.path ?? `${listen.host}:${listen.port}`
    throw new HardwareError('ARGUMENT_INVALID', `Cannot listen on ${where}: ${messageOf(cause)}`, { cause })
  }
  server.on('error', report)
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      controller.abort(new Error('the forwarding has ended'))
      const closed = server.listening ? once(server, 'close') : undefined
      server.close()
      for (const socket of sockets) socket.destroy()
      await Promise.all([...joins, closed])
    },
  }
}

/** Joins a connection to a stream until both have ended; never fails. */
async function join(
  socket: Socket,
  open: (signal: AbortSignal) => Promise<Duplex>,
  ended: AbortSignal,
  report: (error: unknown) => void,
): Promise<void> {
  const gone = new AbortController()
  socket.on('error', () => undefined)
  socket.on('close', () => gone.abort(new Error('the local side has hung up')))
  let stream: Duplex
  try {
    stream = await open(anySignal(ended, gone.signal))
  } catch (error) {
    if (!gone.signal.aborted) report(error)
    socket.resetAndDestroy()
    return
  }
  stream.on('error', (error) => {
    // A connection that the local side broke is no failure of the device.
    if (socket.errored === null && !gone.signal.aborted) report(error)
    socket.resetAndDestroy()
  })
  if (gone.signal.aborted) {
    stream.destroy()
    return
  }
  const closed = Promise.all([socket, stream].map((end) => new Promise((resolve) => end.once('close', resolve))))
  pipeline(socket, stream, () => undefined)
  pipeline(stream, socket, () => undefined)
  socket.resume()
  await closed
}
