import type { ClientNode } from './client-node.ts'
import type { ClientClass, DriverClient } from './driver-client.ts'
import { recordMethods } from './record-methods.ts'

/** Makes the client of a driver. Its methods become steps if the connection has a recorder. */
export function makeClient<Client extends DriverClient>(Class: ClientClass<Client>, node: ClientNode): Client {
  const client = new Class(node)
  if (node.recorder !== undefined) recordMethods(client)
  return client
}
