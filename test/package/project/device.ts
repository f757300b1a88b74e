import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/** Starts a simulated supply, as {@link Psu} expects it. */
export async function startDevice() {
  let on = false
  const sockets = new Set<Socket>()
  const answer = (command: string) => {
    if (command === 'MEAS?') return on ? '5.01 0.25' : '0 0'
    on = command === 'ON'
    return 'OK'
  }
  const start = async (port: number): Promise<Server> => {
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined))
      socket.on('data', (data) => socket.write(`${answer(String(data).trim())}\n`))
    })
    await once(server.listen(port, '127.0.0.1'), 'listening')
    return server
  }
  let server = await start(0)
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const interrupt = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return {
    port,
    isOn: () => on,
    interrupt,
    restore: async () => void (server = await start(port)),
    [Symbol.asyncDispose]: interrupt,
  }
}
