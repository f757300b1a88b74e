import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

import { type WebSocket, WebSocketServer } from 'ws'

/** Options of {@link startWebsocketServer}. */
interface WebsocketServerOptions {
  /** Serves wss:// with this certificate. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** Answers the requests of the paths that it does not return as `undefined` with a status instead of a WebSocket. */
  readonly refuse?: (path: string) => number | undefined
}

/** Starts a WebSocket server on a free port of this machine. @param serve gets each connection, and the path of its URL */
export async function startWebsocketServer(
  serve: (socket: WebSocket, path: string) => void,
  { tls, refuse = () => undefined }: WebsocketServerOptions = {},
) {
  const http = tls === undefined ? createServer() : createTlsServer(tls)
  const server = new WebSocketServer({ noServer: true })
  http.on('upgrade', (request, socket, head) => {
    const path = request.url ?? ''
    const status = refuse(path)
    if (status === undefined) server.handleUpgrade(request, socket, head, (opened) => serve(opened, path))
    else socket.end(`HTTP/1.1 ${status} Refused\r\n\r\n`)
  })
  const listen = async (port: number) => {
    http.listen(port, '127.0.0.1')
    await once(http, 'listening')
  }
  const end = async () => {
    if (!http.listening) return
    for (const client of server.clients) client.terminate()
    const closed = once(http, 'close')
    http.close()
    http.closeAllConnections()
    await closed
  }
  await listen(0)
  const { port } = http.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'ws' : 'wss'}://localhost:${port}`,
    /** The connections that are open. */
    clients: server.clients,
    /** Ends the server and its connections. */
    interrupt: end,
    /** Starts it again at the same port. */
    restore: () => listen(port),
    [Symbol.asyncDispose]: end,
  }
}
