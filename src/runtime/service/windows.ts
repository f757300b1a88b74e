import type { Http2Server, ServerHttp2Session } from 'node:http2'

import type { Server } from '@grpc/grpc-js'

/**
 * How much a client may send before the exporter has read it, in bytes, in one stream and in all of a connection. With
 * HTTP/2's own 64 KiB a sender waits for the reader most of the time. Only exporters have large windows: with large ones at
 * both ends, two Node.js processes that echo to each other can stop for ever (docs/performance.md).
 */
export const exporterWindowBytes: number = 1024 * 1024

/** How long a frame of HTTP/2 may be that a client sends, in bytes; by itself it is 16 KiB, and a chunk of 64 KiB has four. */
const maxFrameSize = 1024 * 1024

/** What grpc-js has no option for on its servers. */
interface Internals {
  readonly commonServerOptions?: { settings?: object }
  readonly http2Servers?: ReadonlyMap<Http2Server, unknown>
}

/** Opens the windows of a server's streams. Before it is bound. */
export function widenStreamWindows(server: Server): void {
  const { commonServerOptions } = server as unknown as Internals
  if (commonServerOptions === undefined) return
  const settings = { initialWindowSize: exporterWindowBytes, maxFrameSize }
  commonServerOptions.settings = { ...commonServerOptions.settings, ...settings }
}

/** Opens the windows of a server's connections. When it is bound. */
export function widenConnectionWindows(server: Server): void {
  const { http2Servers } = server as unknown as Internals
  for (const http2Server of http2Servers?.keys() ?? []) {
    http2Server.on('session', (session: ServerHttp2Session) => session.setLocalWindowSize(exporterWindowBytes))
  }
}
