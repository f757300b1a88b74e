import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'

import { HardwareError } from '../../errors.ts'
import { createPrivateFolder } from '../../private-folder.ts'
import { joinStreams } from '../../protocol/join-streams.ts'
import { withTimeLimit } from '../../time-limit.ts'

/** How long connections may take to end by themselves when the lease is over, in milliseconds. */
const farewellMs = 1_000

/** A unix socket that leads to the exporter of a lease. */
export interface LeaseSocket {
  readonly path: string
  /** Ends all connections and removes the socket. May be called again. */
  close(): Promise<void>
}

/**
 * Listens on a private unix socket; every connection to it gets a tunnel of its own to the exporter.
 *
 * @param open opens a tunnel
 * @param failed is told what went wrong with one; whoever is connected sees the connection close
 */
export async function listenForLease(
  open: (signal: AbortSignal) => Promise<Duplex>,
  failed: (error: unknown) => void,
): Promise<LeaseSocket> {
  const folder = await createPrivateFolder()
  const path = join(folder.path, 'lease.sock')
  const sockets = new Set<Socket>()
  const ended = new AbortController()
  const connect = async (socket: Socket) => {
    const gone = new AbortController()
    socket.once('close', () => gone.abort())
    const tunnel = await open(AbortSignal.any([ended.signal, gone.signal]))
    joinStreams(socket, tunnel, (error) => {
      // That who is connected goes away is no fault of the tunnel.
      if (error instanceof HardwareError && !gone.signal.aborted && !ended.signal.aborted) failed(error)
    })
  }
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    // Each pipeline has several listeners of its own.
    socket.setMaxListeners(0)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
    connect(socket).catch((error: unknown) => {
      if (!ended.signal.aborted && !socket.destroyed) failed(error)
      socket.destroy()
    })
  })
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  } catch (error) {
    await folder.remove()
    throw error
  }
  return {
    path,
    async close() {
      server.close()
      // Those that are just ending tell the exporter so, which could not know it otherwise.
      const limit = { name: 'the end of the connections', timeoutMs: farewellMs }
      await withTimeLimit(limit, () => Promise.all(Array.from(sockets, whenClosed))).catch(() => undefined)
      ended.abort()
      for (const socket of sockets) socket.destroy()
      await folder.remove()
    },
  }
}

function whenClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}
