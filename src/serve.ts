import type { ClientClass, DriverClient } from './clients/driver-client.ts'
import { connect } from './clients/connect.ts'
import type { ClientOfDriver } from './client-of-driver.ts'
import { type Driver, interfaceOf } from './runtime/driver.ts'
import { startSession } from './runtime/open-session.ts'
import { Session } from './runtime/session.ts'

/** What {@link serve} takes besides the driver. */
export interface ServeOptions<Client extends DriverClient = DriverClient> {
  /** The class of the client; without it, the one registered for the driver's interface, or one derived from it. */
  readonly client?: ClientClass<Client>
  /** How the two talk: a private unix socket (default), or a TCP port of the loopback interface. */
  readonly transport?: 'unix' | 'tcp'
  /** Ends the wait for the session to start. */
  readonly signal?: AbortSignal
}

/**
 * Serves a driver in this process, and returns a client for it: a mock in a test, with the real wire in between.
 *
 * @throws HardwareError when the driver cannot be served; errors of its `reset` as they are
 *
 * @example
 * ```ts
 * await using thermostat = await serve(new MockThermostat())
 * await thermostat.setTarget(21)
 * ```
 */
export function serve<Client extends DriverClient>(
  driver: Driver,
  options: ServeOptions<Client> & { readonly client: ClientClass<Client> },
): Promise<Client & AsyncDisposable>
export function serve<D extends Driver>(driver: D, options?: ServeOptions): Promise<ClientOfDriver<D> & AsyncDisposable>
export async function serve(driver: Driver, options: ServeOptions = {}): Promise<DriverClient & AsyncDisposable> {
  const tcp = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
  const address = options.transport === 'tcp' ? tcp : undefined
  const session = await startSession(new Session(driver), { address })
  try {
    const connection = await connect(session.address, {
      insecure: true,
      contracts: contractsOf(driver),
      ...(options.client === undefined ? {} : { rootClient: options.client }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    const dispose = async () => {
      connection.close()
      await session.close()
    }
    return Object.assign(connection.root, { [Symbol.asyncDispose]: dispose })
  } catch (error) {
    await session.close()
    throw error
  }
}

function contractsOf(driver: Driver): Map<string, ReturnType<typeof interfaceOf>> {
  const below = Object.values(driver.children).flatMap((child) => [...contractsOf(child)])
  return new Map([[driver.uuid, interfaceOf(driver)], ...below])
}
