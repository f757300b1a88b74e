import { HardwareError } from '../errors.ts'
import type { InterfaceDefinition } from '../interfaces/define.ts'
import type { DriverReport, ExporterReport } from '../protocol/exporter.ts'
import { clientLabel, nameLabel } from '../protocol/labels.ts'
import type { ClientNode } from './client-node.ts'
import { makeClient } from './make-client.ts'
import { type ClientClass, DriverClient } from './driver-client.ts'

/** Chooses the class, and the interface, of a driver's client. */
export type ChooseClient = (report: DriverReport) => { Client: ClientClass; contract?: InterfaceDefinition | undefined }

/**
 * Makes the clients of an exporter's report. A driver may be reported under several parents, with one uuid. Then each place
 * has its own client.
 *
 * @param shared the parts that all clients have in common
 * @returns the root
 * @throws HardwareError PROTOCOL_VIOLATION for a report that is not a tree
 */
export function buildClients(
  report: ExporterReport,
  shared: Pick<ClientNode, 'channel' | 'role' | 'guards' | 'lineEnd' | 'returnTimeoutMs' | 'recorder' | 'boardFailure'>,
  choose: ChooseClient,
): DriverClient {
  const { address, details } = shared.channel
  const latest = new Map<string, DriverClient>()
  let root: DriverClient | undefined
  for (const [index, driver] of report.drivers.entries()) {
    const violation = (what: string) =>
      new HardwareError('PROTOCOL_VIOLATION', `${address} reports driver ${index} (${driver.uuid}) ${what}`, {
        details,
      })
    if (driver.labels[clientLabel] === undefined) throw violation(`without the label ${clientLabel}`)
    const name = driver.labels[nameLabel] ?? ''
    const parent = driver.parentUuid === undefined ? undefined : latest.get(driver.parentUuid.toLowerCase())
    if (driver.parentUuid !== undefined && parent === undefined) throw violation('before its parent')
    if (parent === undefined && root !== undefined) throw violation('as a second root')
    if (parent !== undefined && name === '') throw violation(`without the label ${nameLabel}`)

    const { Client, contract } = choose(driver)
    const path = parent === undefined || parent.node.path === '' ? name : `${parent.node.path}.${name}`
    const node = { ...shared, report: driver, name, path, contract: contract ?? Client.interface }
    const client = makeClient(Client, node)
    if (parent === undefined) root = client
    else adopt(parent, name, client)
    latest.set(driver.uuid.toLowerCase(), client)
  }
  if (root === undefined) throw new HardwareError('PROTOCOL_VIOLATION', `${address} reports no drivers`, { details })
  return root
}

/** Puts a client below another one, where it is also a property, unless a method has the name. */
export function adopt(parent: DriverClient, name: string, child: DriverClient): void {
  const property = { value: child, enumerable: true, configurable: true }
  Object.defineProperty(parent.children, name, property)
  if (!(name in parent)) Object.defineProperty(parent, name, property)
}

/** Formats the tree for error messages, a line for each driver. */
export function formatTree(client: DriverClient, indent = ''): string {
  const name = client.node.name === '' ? '(root)' : client.node.name
  const line = `${indent}${name}: ${client.clientPath}`
  const below = Object.values(client.children).map((child) => formatTree(child, `${indent}  `))
  return [line, ...below].join('\n')
}
