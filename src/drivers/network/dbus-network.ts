import { checkConfig, rules } from '../../base/check.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { busKindLabel, DbusNetwork as DbusNetworkInterface } from '../../interfaces/dbus-network.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { type BusAddress, parseBusAddresses } from './bus-address.ts'
import { openSocket } from './open-socket.ts'

/** The config of {@link DbusNetwork}. */
export interface DbusNetworkConfig {
  /** The bus of the machine, or that of the user who runs the exporter. */
  readonly kind: 'system' | 'session'
}

/**
 * A bus of D-Bus on the exporter's machine. Its address is that of the exporter's environment (`DBUS_SYSTEM_BUS_ADDRESS`,
 * `DBUS_SESSION_BUS_ADDRESS`), else the usual one. The bus takes a client for the user who runs the exporter, because it asks the
 * kernel for the user at the other end of the socket. File descriptors cannot be sent.
 *
 * @example
 * ```yaml
 * export:
 *   bus:
 *     type: jumpstarter_driver_network.driver.DbusNetwork
 *     config: { kind: system }
 * ```
 */
export class DbusNetwork extends Driver implements Implementation<typeof DbusNetworkInterface> {
  static readonly interface = DbusNetworkInterface
  static readonly configRules = { kind: rules.oneOf('system', 'session') }
  readonly #kind: DbusNetworkConfig['kind']
  readonly #addresses: readonly BusAddress[]

  /**
   * @param env the environment with the address (default: that of the exporter)
   * @throws TypeError with all mistakes of the config, or for an address that this driver cannot use
   */
  constructor(config: DbusNetworkConfig, env: NodeJS.ProcessEnv = process.env) {
    super()
    checkConfig(config, DbusNetwork.configRules)
    this.#kind = config.kind
    this.#addresses = addressesOf(config.kind, env)
    this.labels[busKindLabel] = config.kind
  }

  /** Tries to connect to the bus. */
  static async check(config: DbusNetworkConfig, { signal }: CheckOptions): Promise<readonly Requirement[]> {
    const driver = new DbusNetwork(config)
    try {
      const socket = await driver.#open(signal)
      socket.destroy()
      return [{ name: `the ${config.kind} bus`, isMet: true }]
    } catch (error) {
      const cure = `start dbus-daemon, or set ${variables[config.kind]} for the exporter`
      return [{ name: `the ${config.kind} bus`, isMet: false, found: messageOf(error), cure }]
    }
  }

  connect() {
    return this.#open(callSignal())
  }

  /** Connects to the first address that answers. */
  async #open(signal: AbortSignal | undefined) {
    let failure: unknown
    for (const { text, socket } of this.#addresses) {
      signal?.throwIfAborted()
      try {
        return await openSocket(text, socket, signal)
      } catch (error) {
        failure = error
      }
    }
    signal?.throwIfAborted()
    if (failure instanceof HardwareError) throw failure
    const where = this.#addresses.map(({ text }) => text).join(' or ')
    const message = `The ${this.#kind} bus does not answer at ${where}: ${messageOf(failure)}`
    throw new HardwareError('DEVICE_IO', message, { cause: failure, origin: 'lab' })
  }
}

/** The environment variables with the addresses (D-Bus Specification, "Well-known Message Bus Instances"). */
const variables = { system: 'DBUS_SYSTEM_BUS_ADDRESS', session: 'DBUS_SESSION_BUS_ADDRESS' } as const

function addressesOf(kind: DbusNetworkConfig['kind'], env: NodeJS.ProcessEnv): readonly BusAddress[] {
  const usual = { system: '/run/dbus/system_bus_socket', session: `/run/user/${process.getuid?.() ?? 0}/bus` }
  const text = env[variables[kind]] || `unix:path=${usual[kind]}`
  const addresses = parseBusAddresses(text)
  if (typeof addresses !== 'string') return addresses
  throw new TypeError(
    `kind is ${kind}, and ${variables[kind]} in the exporter's environment is '${text}', which ${addresses}`,
  )
}
