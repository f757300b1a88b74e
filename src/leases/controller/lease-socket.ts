import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'

import { createPrivateFolder } from '../../private-folder.ts'
import { joinStreams } from '../../protocol/join-streams.ts'

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
      if (error !== undefined && !gone.signal.aborted && !ended.signal.aborted) failed(error)
    })
  }
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
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
      ended.abort()
      server.close()
      for (const socket of sockets) socket.destroy()
      await folder.remove()
    },
  }
}
