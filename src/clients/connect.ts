import type { HardwareError } from '../errors.ts'
import type { InterfaceDefinition } from '../interfaces/define.ts'
import { parseAddress } from '../protocol/address.ts'
import type { Endpoint } from '../protocol/endpoint.ts'
import type { Channel, ExporterReport, WaitOptions, WhenLost } from '../protocol/channel.ts'
import { clientLabel } from '../protocol/labels.ts'
import type { Guard } from './console/guards.ts'
import { deriveClient } from './derive.ts'
import { type ClientClass, DriverClient } from './driver-client.ts'
import { resolveClient } from './registry.ts'
import { buildClients } from './tree.ts'
import { waitUntilReady } from './wait-until-ready.ts'

/** How long connecting may take unless an option says otherwise, in milliseconds. */
const defaultConnectTimeoutMs = 10_000

/** Begins to load what {@link connect} needs and is slow to load, for those who wait for an address. */
export function preloadChannel(): void {
  // What fails here fails again, and is told, when somebody connects.
  import('../protocol/grpc-channel.ts').catch(() => undefined)
}

/** What {@link connect} takes besides the address. */
export interface ConnectOptions extends WaitOptions, Omit<Endpoint, 'address'> {
  /** Packages from which clients that drivers name as `package/subpath#Export` are imported. */
  readonly allow?: readonly string[]
  /** Interfaces of drivers by uuid, where they are known; what has no class gets a client derived from them. */
  readonly contracts?: ReadonlyMap<string, InterfaceDefinition>
  /** The class of the root's client, instead of the one it names. */
  readonly rootClient?: ClientClass
  /** What ends every wait when a console prints it (default: what the usual systems print when they have failed). */
  readonly guards?: readonly Guard[] | undefined
  /** Says why the connection was lost, where somebody knows, and soon; calls that it breaks fail with that. */
  readonly whenLost?: WhenLost
  /** Gets what the exporter's hook prints while connecting waits for it, a line at a time, and its warning. */
  readonly print?: (line: string) => void
}

/** A connection to an exporter. */
export interface Connection {
  /** The client of the exporter's root. */
  readonly root: DriverClient
  readonly report: ExporterReport
  readonly channel: Channel
  /**
   * Closes it at once, with every call and stream on it. May be called again.
   *
   * @param reason what calls fail with, where there is something to say
   */
  close(reason?: HardwareError): void
}

async function createChannel(address: string, options: ConnectOptions): Promise<Channel> {
  const { GrpcChannel } = await import('../protocol/grpc-channel.ts')
  const create = () => new GrpcChannel(parseAddress(address), options)
  if (options.redialTimeoutMs === undefined) return create()
  const { RedialChannel } = await import('../protocol/redial-channel.ts')
  return new RedialChannel(create, options.redialTimeoutMs)
}

/**
 * Connects to an exporter and makes clients for its drivers.
 *
 * @param address a unix socket's path, or `host:port`, where TLS is spoken unless `insecure` is set
 * @throws HardwareError CONNECTION_FAILED when nobody answers there, or not as whom it should; UNAUTHENTICATED without the
 *   right passphrase; HOOK_FAILED when its beforeLease hook has ended the lease; CALL_TIMEOUT when the answer takes longer than `timeoutMs` (default 10 000)
 */
export async function connect(address: string, options: ConnectOptions = {}): Promise<Connection> {
  const channel = await createChannel(address, options)
  try {
    const { signal, timeoutMs = defaultConnectTimeoutMs } = options
    const [report, state] = await Promise.all([
      channel.report({ signal, timeoutMs }),
      channel.state({ signal, timeoutMs }),
    ])
    if (state !== undefined && options.duringHook !== true)
      await waitUntilReady(channel, state, { signal, print: options.print })
    const paths = new Set(report.drivers.map((driver) => driver.labels[clientLabel] ?? ''))
    const classes = new Map<string, ClientClass>()
    for (const path of paths) classes.set(path, await resolveClient(path, options.allow ?? []))
    const shared = { channel, guards: options.guards }
    const root = buildClients(report, shared, (driver) => {
      const contract = options.contracts?.get(driver.uuid)
      const Client = classes.get(driver.labels[clientLabel] ?? '') ?? DriverClient
      if (driver.parentUuid === undefined && options.rootClient !== undefined) {
        return { Client: options.rootClient, contract }
      }
      return Client === DriverClient && contract !== undefined ? { Client: deriveClient(contract) } : { Client }
    })
    return { root, report, channel, close: (reason) => channel.close(reason) }
  } catch (error) {
    channel.close()
    throw error
  }
}
