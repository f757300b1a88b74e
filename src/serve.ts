import type { ClientClass, DriverClient } from './clients/driver-client.ts'
import { connect } from './clients/connect.ts'
import { cancelledError } from './base/abort.ts'
import { describeCopies, otherMajorOf } from './base/brand.ts'
import { isRecord } from './base/check.ts'
import { HardwareError } from './errors.ts'
import type { ClientOfDriver } from './client-of-driver.ts'
import { Driver, interfaceOf } from './runtime/driver.ts'
import { ServedSession } from './runtime/served-session.ts'
import { Session } from './runtime/session.ts'

/** The client is in the same process, so it can reach the same servers itself. */
const everywhere = ['0.0.0.0/0', '::/0']

/** Options of {@link serve}. */
export interface ServeOptions<Client extends DriverClient = DriverClient> {
  /** The class of the client; without it, the one registered for the driver's interface, or one derived from it. */
  readonly client?: ClientClass<Client> | undefined
  /** The transport: a private unix socket (default), or a TCP port of the loopback interface. */
  readonly transport?: 'unix' | 'tcp' | undefined
  /** Ends the wait for the session to start: for drivers that are reset, and for the connection. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Serves a driver in this process, and returns a client for it: a mock in a test, with the real wire in between.
 *
 * @throws HardwareError when the driver cannot be served, CALL_CANCELLED when the signal is aborted first; errors of the driver's
 *   `reset` as they are
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
  if (!(driver instanceof Driver)) {
    const other = isRecord(driver) ? otherMajorOf(driver) : undefined
    const mistake = other === undefined ? 'is no object of a class that extends Driver' : describeCopies(other)
    throw new HardwareError('ARGUMENT_INVALID', `The driver for serve() ${mistake}`)
  }
  const { client: rootClient, signal } = options
  const tcp = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
  const address = options.transport === 'tcp' ? tcp : undefined
  const session = await ServedSession.start(
    new Session(driver, { presignedAddresses: everywhere, errorStacks: true }),
    {
      address,
      signal,
    },
  ).catch((error: unknown) => {
    throw signal?.aborted === true && error === signal.reason
      ? cancelledError('The start of the session', signal)
      : error
  })
  try {
    const contracts = contractsOf(driver)
    const connection = await connect(session.address, { insecure: true, contracts, rootClient, signal })
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
