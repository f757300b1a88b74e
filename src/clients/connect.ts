import { HardwareError } from '../errors.ts'
import type { InterfaceDefinition } from '../interfaces/define.ts'
import { parseAddress } from '../protocol/address.ts'
import { environmentVariables } from '../protocol/environment-variables.ts'
import type { Endpoint } from '../protocol/endpoint.ts'
import type { Channel, ChannelWrapper, ConnectChannel, WhenLost } from '../protocol/channel.ts'
import type { ExporterReport } from '../protocol/exporter.ts'
import type { WaitOptions } from '../base/wait-options.ts'
import { clientLabel } from '../protocol/labels.ts'
import type { Recorder } from '../recording/recorder.ts'
import type { Recording } from '../recording/recording.ts'
import type { Guard } from './console/guards.ts'
import { BoardFailure } from './board-failure.ts'
import { deriveClient } from './derive.ts'
import { type ClientClass, DriverClient } from './driver-client.ts'
import { resolveClient } from './registry.ts'
import { buildClients } from './client-tree.ts'
import { waitUntilReady } from './wait-until-ready.ts'

/** The default time limit of connecting, in milliseconds. */
const defaultConnectTimeoutMs = 10_000

/** Begins to load the slow modules of {@link connect}, for a process that still waits for an address. */
export function preloadChannel(): void {
  // A failure is reported when the process connects.
  import('../protocol/grpc/grpc-channel.ts').catch(() => undefined)
}

/** Options of {@link connect}. */
export interface ConnectOptions extends WaitOptions, Omit<Endpoint, 'address'> {
  /** The packages from which clients may be imported that drivers name as `package/subpath#Export`. */
  readonly allow?: readonly string[] | undefined
  /** The known interfaces of drivers, by uuid. A driver without a client class gets a client derived from its interface. */
  readonly contracts?: ReadonlyMap<string, InterfaceDefinition> | undefined
  /** The class of the root's client, instead of the class that the root names. */
  readonly rootClient?: ClientClass | undefined
  /** The patterns that end every wait when a console prints them (default: the failures of the usual systems). */
  readonly guards?: readonly Guard[] | undefined
  /** The end of lines that consoles type (default: that of the driver's config, else a carriage return). */
  readonly lineEnd?: string | undefined
  /** The time for which waits of serial consoles go on while the device is away, in milliseconds (default 30 000). */
  readonly returnTimeoutMs?: number | undefined
  /** Finds out why the connection was lost. The calls that break with it fail with that reason. */
  readonly whenLost?: WhenLost | undefined
  /** The name that the user gave the exporter. It stands before the drivers in errors: `dut.console`. */
  readonly role?: string | undefined
  /** Gets the consoles; the methods of the clients become steps. */
  readonly recorder?: Recorder | undefined
  /** Gets the calls and streams of the connection, and the lines of the exporter's log. */
  readonly recording?: Recording | undefined
  /** Gets the output of the exporter's hook while connecting waits for it, line by line, and its warning. */
  readonly print?: ((line: string) => void) | undefined
}

/** A connection to an exporter. */
export interface Connection {
  /** The client of the exporter's root. */
  readonly root: DriverClient
  readonly report: ExporterReport
  readonly channel: Channel
  /**
   * Closes the connection at once, with every call and stream on it. May be called again.
   *
   * @param reason the error of those calls, if there is more to say than that the connection is closed
   */
  close(reason?: HardwareError): void
}

/** Makes a channel to an exporter, which connects on its first call; the options are those of {@link connect}. */
export async function createChannel(address: string, options: ConnectOptions = {}): Promise<Channel> {
  const { GrpcChannel } = await import('../protocol/grpc/grpc-channel.ts')
  const wrappers = await channelWrappers(options)
  // A channel that connects again asks for the reason when it gives up, and not at every break.
  const direct = options.reconnectTimeoutMs === undefined ? options : { ...options, whenLost: undefined }
  const connectDirectly: ConnectChannel = () => new GrpcChannel(parseAddress(address), direct)
  return wrappers.reduce<ConnectChannel>((inner, wrap) => () => wrap(inner), connectDirectly)()
}

/** The wrappers of a channel, from the inside out. */
async function channelWrappers({
  reconnectTimeoutMs,
  tunnels,
  whenLost,
  recording,
}: ConnectOptions): Promise<ChannelWrapper[]> {
  const wrappers: ChannelWrapper[] = []
  if (reconnectTimeoutMs !== undefined) {
    const { reconnectingChannel } = await import('../protocol/reconnect/reconnecting-channel.ts')
    const options = { timeoutMs: reconnectTimeoutMs, tunnels, whenLost }
    wrappers.push((connectAgain) => reconnectingChannel(connectAgain, options))
  }
  if (recording !== undefined) {
    const { recordingChannel } = await import('../protocol/recording/recording-channel.ts')
    wrappers.push((connectInner) => recordingChannel(connectInner(), recording))
  }
  return wrappers
}

/**
 * Connects to an exporter and makes clients for its drivers.
 *
 * @param address a unix socket's path, or `host:port`, with TLS unless `insecure` is set
 * @throws HardwareError CONNECTION_FAILED when no exporter answers, or its certificate is wrong; UNAUTHENTICATED without the
 *   right passphrase; HOOK_FAILED when the beforeLease hook has ended the lease; CALL_TIMEOUT when the answer takes longer than
 *   `timeoutMs` (default 10 000)
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
    const loading = Array.from(paths, async (path): Promise<[string, ClientClass]> => {
      return [path, await resolveClient(path, options.allow ?? [])]
    })
    const classes = new Map(await Promise.all(loading))
    const { role, guards, lineEnd, returnTimeoutMs, recorder, recording } = options
    const boardFailure = new BoardFailure((error) => recording?.note({ type: 'guard', message: error.message }))
    const shared = { channel, role, guards, lineEnd, returnTimeoutMs, recorder, boardFailure }
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
    throw isUnauthenticated(error) ? passphraseError(error, address) : error
  }
}

function isUnauthenticated(error: unknown): error is HardwareError {
  return error instanceof HardwareError && error.code === 'UNAUTHENTICATED'
}

/** Names the places where users give a passphrase. */
function passphraseError(cause: HardwareError, address: string): HardwareError {
  const message =
    `${cause.message}. Give the passphrase of ${address}: passphrase of the exporter in hardware(), ` +
    `--passphrase-file of the command line, or ${environmentVariables.passphrase} in the environment`
  return new HardwareError('UNAUTHENTICATED', message, { cause, origin: cause.origin, details: cause.details })
}
