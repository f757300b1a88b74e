import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** Finds a TCP port of the loopback interface that nobody uses now. */
export async function freePort(): Promise<number> {
  await using server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Finds a UDP port of the loopback interface that nobody uses now. */
export async function freeUdpPort(): Promise<number> {
  await using socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket.address().port
}
