import { adopt } from './client-tree.ts'
import type { ClientClass, DriverClient } from './driver-client.ts'
import { makeClient } from './make-client.ts'

/** Makes a client of another class for the driver of a client, with the same children. */
export function withClass<Client extends DriverClient>(client: DriverClient, Class: ClientClass<Client>): Client {
  const other = makeClient(Class, { ...client.node, contract: Class.interface ?? client.node.contract })
  for (const [name, child] of Object.entries(client.children)) adopt(other, name, child)
  return other
}
