import type { Http2Server, ServerHttp2Session } from 'node:http2'

import type { Server } from '@grpc/grpc-js'

/**
 * The number of bytes that a client may send before the exporter has read them, in one stream and in all of a connection. With
 * HTTP/2's default of 64 KiB a sender waits for the reader most of the time. Only exporters have large windows: if both ends have
 * them, two Node.js processes that echo to each other can stop for ever (docs/performance.md).
 */
export const exporterWindowBytes: number = 1024 * 1024

/** The longest HTTP/2 frame that a client may send, in bytes. The default is 16 KiB, so that a chunk of 64 KiB needs four. */
const maxFrameSize = 1024 * 1024

/**
 * The number of HTTP/2 streams that a client may reset at once, and in each second after that. A call that is cancelled, a loop over
 * records that is left, and a byte stream that is destroyed are resets. Node.js allows 1 000 and 33 (`streamResetBurst`,
 * `streamResetRate`), and then breaks the connection with every console on it. A fast client makes some thousand calls in a second.
 */
const streamResets = { streamResetBurst: 100_000, streamResetRate: 10_000 }

/** Parts of grpc-js's servers for which it has no options. */
interface Internals {
  readonly commonServerOptions?: { settings?: object }
  readonly http2Servers?: ReadonlyMap<Http2Server, unknown>
}

/** Widens the windows of a server's streams, and allows clients to leave many streams early. Call it before the server is bound. */
export function loosenStreamLimits(server: Server): void {
  const { commonServerOptions } = server as unknown as Internals
  if (commonServerOptions === undefined) return
  const settings = { initialWindowSize: exporterWindowBytes, maxFrameSize }
  Object.assign(commonServerOptions, streamResets)
  commonServerOptions.settings = { ...commonServerOptions.settings, ...settings }
}

/** Widens the windows of a server's connections. Call it when the server is bound. */
export function widenConnectionWindows(server: Server): void {
  const { http2Servers } = server as unknown as Internals
  for (const http2Server of http2Servers?.keys() ?? []) {
    http2Server.on('session', (session: ServerHttp2Session) => session.setLocalWindowSize(exporterWindowBytes))
  }
}
