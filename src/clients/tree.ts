import { HardwareError } from '../errors.ts'
import type { InterfaceDefinition } from '../interfaces/define.ts'
import type { DriverReport, ExporterReport } from '../protocol/channel.ts'
import { clientLabel, nameLabel } from '../protocol/labels.ts'
import { type ClientClass, type ClientNode, DriverClient } from './driver-client.ts'

/** Which class, and which interface, a driver's client gets. */
export type ChooseClient = (report: DriverReport) => { Client: ClientClass; contract?: InterfaceDefinition | undefined }

/**
 * Makes the clients of an exporter's report. One driver may be reported under several parents, with one uuid; each place
 * has a client of its own.
 *
 * @param shared what all of them have
 * @returns the root
 * @throws HardwareError PROTOCOL_VIOLATION for a report that is no tree
 */
export function buildClients(
  report: ExporterReport,
  shared: Pick<ClientNode, 'channel' | 'guards'>,
  choose: ChooseClient,
): DriverClient {
  const latest = new Map<string, DriverClient>()
  let root: DriverClient | undefined
  for (const [index, driver] of report.drivers.entries()) {
    const violation = (what: string) =>
      new HardwareError(
        'PROTOCOL_VIOLATION',
        `${shared.channel.address} reports driver ${index} (${driver.uuid}) ${what}`,
      )
    if (driver.labels[clientLabel] === undefined) throw violation(`without the label ${clientLabel}`)
    const name = driver.labels[nameLabel] ?? ''
    const parent = driver.parentUuid === undefined ? undefined : latest.get(driver.parentUuid.toLowerCase())
    if (driver.parentUuid !== undefined && parent === undefined) throw violation('before its parent')
    if (parent === undefined && root !== undefined) throw violation('as a second root')
    if (parent !== undefined && name === '') throw violation(`without the label ${nameLabel}`)

    const { Client, contract } = choose(driver)
    const path = parent === undefined || parent.node.path === '' ? name : `${parent.node.path}.${name}`
    const client = new Client({ ...shared, report: driver, name, path, contract: contract ?? Client.interface })
    if (parent === undefined) root = client
    else adopt(parent, name, client)
    latest.set(driver.uuid.toLowerCase(), client)
  }
  if (root === undefined) throw new HardwareError('PROTOCOL_VIOLATION', `${shared.channel.address} reports no drivers`)
  return root
}

function adopt(parent: DriverClient, name: string, child: DriverClient): void {
  const property = { value: child, enumerable: true, configurable: true }
  Object.defineProperty(parent.children, name, property)
  if (!(name in parent)) Object.defineProperty(parent, name, property)
}

/** The tree as text, a line for each driver, for error messages. */
export function formatTree(client: DriverClient, indent = ''): string {
  const name = client.node.name === '' ? '(root)' : client.node.name
  const line = `${indent}${name}: ${client.clientPath}`
  const below = Object.values(client.children).map((child) => formatTree(child, `${indent}  `))
  return [line, ...below].join('\n')
}
