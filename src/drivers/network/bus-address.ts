import type { NetConnectOpts } from 'node:net'

/** An address at which a bus listens. */
export interface BusAddress {
  /** The address as D-Bus writes it: `unix:path=/run/dbus/system_bus_socket`. */
  readonly text: string
  readonly socket: NetConnectOpts
}

/**
 * Reads the addresses of a bus (D-Bus Specification, "Server Addresses"): `unix:` with `path` or `abstract`, and `tcp:` with `host`
 * and `port`. Several addresses have `;` between them.
 *
 * @returns the addresses in their order; for a text with a mistake, the mistake as the end of a sentence that begins with the text
 */
export function parseBusAddresses(text: string): readonly BusAddress[] | string {
  const addresses: BusAddress[] = []
  for (const part of text.split(';').filter((one) => one !== '')) {
    const socket = parseAddress(part)
    if (typeof socket === 'string') return socket
    addresses.push({ text: part, socket })
  }
  return addresses.length > 0 ? addresses : 'has no address'
}

function parseAddress(text: string): NetConnectOpts | string {
  const { transport, rest } = /^(?<transport>[^:]*):(?<rest>.*)$/.exec(text)?.groups ?? {}
  if (transport === undefined || rest === undefined) return 'has no transport, such as unix:'
  const values = new Map<string, string>()
  for (const pair of rest.split(',').filter((one) => one !== '')) {
    const { key, value } = /^(?<key>[^=]+)=(?<value>.*)$/.exec(pair)?.groups ?? {}
    const decoded = value === undefined ? undefined : decode(value)
    if (key === undefined || decoded === undefined) return `has '${pair}', which is no key=value`
    values.set(key, decoded)
  }
  if (transport === 'unix') {
    const [path, name] = [values.get('path'), values.get('abstract')]
    if (path !== undefined) return { path }
    return name === undefined ? "has no 'path' and no 'abstract'" : { path: `\0${name}` }
  }
  if (transport === 'tcp') {
    const [host, port] = [values.get('host'), Number(values.get('port'))]
    const isPort = Number.isInteger(port) && port >= 1 && port <= 65_535
    return host !== undefined && isPort ? { host, port } : "needs 'host', and 'port' from 1 to 65535"
  }
  return `has the transport '${transport}'; this driver can use unix and tcp`
}

/** Replaces the escapes of a value: `%20`. */
function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}
