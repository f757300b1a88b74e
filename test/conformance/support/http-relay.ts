import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request that the relay has got. */
interface RelayRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Answers a request of one path in the place of the relay. */
type Behaviour = (request: IncomingMessage, response: ServerResponse) => void

/** Options of {@link startHttpRelay}. */
interface HttpRelayOptions {
  readonly port?: number
  /** The user and the password that requests have to have: `user:password`. */
  readonly credentials?: string
}

/** A relay that is switched by `/on` and `/off`, and measures at `/status`, as a plug of Shelly does. */
export async function startHttpRelay({ port = 0, credentials }: HttpRelayOptions = {}) {
  const requests: RelayRequest[] = []
  const behaviours = new Map<string, Behaviour>()
  const sockets = new Set<Socket>()
  const state = { isOn: false }
  const answer = (path: string, response: ServerResponse) => {
    if (path === '/on' || path === '/off') state.isOn = path === '/on'
    else if (path !== '/status') return response.writeHead(404).end()
    const measured = state.isOn ? { voltage: 230.5, current: 0.25 } : { voltage: 230.5, current: 0 }
    return response.end(JSON.stringify({ id: 0, output: state.isOn, ...measured }))
  }
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    const path = url.replace(/\?.*/, '')
    const wanted = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`
    void text(request).then((body) => {
      requests.push({ method, path: url, headers, body })
      if (wanted !== undefined && headers.authorization !== wanted) {
        return response.writeHead(401, { 'www-authenticate': 'Basic realm="relay"' }).end('no')
      }
      return (behaviours.get(path) ?? (() => answer(path, response)))(request, response)
    })
  })
  server.on('connection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket))))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: listening } = server.address() as AddressInfo
  return {
    port: listening,
    url: `http://127.0.0.1:${listening}`,
    /** The requests that have come, in their order. */
    requests,
    get isOn() {
      return state.isOn
    },
    /** The connections that are open. */
    sockets,
    /** Lets another function answer the requests of a path. */
    behave: (path: string, behaviour: Behaviour) => void behaviours.set(path, behaviour),
    /** Pulls its plug: breaks all connections, and refuses others. */
    async [Symbol.asyncDispose]() {
      if (!server.listening) return
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
