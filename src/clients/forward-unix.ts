import { join } from 'node:path'
import type { Duplex } from 'node:stream'

import { createPrivateFolder } from '../base/private-folder.ts'
import { forwardConnections, type ForwardOptions } from './forward.ts'

/** Options of {@link forwardUnix}. */
export interface ForwardUnixOptions extends ForwardOptions {
  /** The path of the socket (default: in a new folder that only this user can enter). */
  readonly path?: string | undefined
}

/** A local unix socket that leads to the device. Dispose of it to remove the socket and close every connection. */
export interface UnixForward extends AsyncDisposable {
  readonly path: string
}

/**
 * Listens on a unix socket of this machine, and joins each connection to a stream.
 *
 * @param open opens a stream; the signal is aborted when the forwarding ends
 * @throws HardwareError ARGUMENT_INVALID when the socket cannot be made
 */
export async function forwardUnix(
  open: (signal: AbortSignal) => Promise<Duplex>,
  { path, ...options }: ForwardUnixOptions,
): Promise<UnixForward> {
  const folder = path === undefined ? await createPrivateFolder() : undefined
  const socketPath = path ?? join(folder?.path ?? '', 'forward.sock')
  try {
    const forwarder = await forwardConnections({ path: socketPath }, open, options)
    return {
      path: socketPath,
      async [Symbol.asyncDispose]() {
        await forwarder[Symbol.asyncDispose]()
        await folder?.remove()
      },
    }
  } catch (error) {
    await folder?.remove()
    throw error
  }
}
