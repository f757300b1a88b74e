import { Cleanups } from '../base/cleanups.ts'
import { timeLimitSignal, withTimeLimit } from '../base/time-limit.ts'
import type { ClientClass, DriverClient } from '../clients/driver-client.ts'
import { withClass } from '../clients/with-class.ts'
import { HardwareError } from '../errors.ts'
import type { Driver } from '../runtime/driver.ts'
import { serve } from '../serve.ts'
import type { CreateDriver, TestedDriver } from './device.ts'

/** The longest that a real part may take to start, and to stop, in milliseconds. */
const partTimeoutMs = 60_000

/** The longest that a session may take to start, and to end, in milliseconds. One driver has 15 seconds for each. */
const sessionTimeoutMs = 30_000

/** A driver in a session of its own, with a client. */
export interface OpenedDevice<Client extends DriverClient, Device extends TestedDriver> extends AsyncDisposable {
  readonly device: Device
  readonly client: Client
  /** Ends the session, which closes the driver. The real part goes on. */
  readonly closeSession: () => Promise<void>
}

/** Options of {@link openDevice}. */
export interface OpenDeviceOptions<Client extends DriverClient> {
  readonly Client: ClientClass<Client>
  readonly path: string | undefined
}

/** Makes a driver, serves it over a real connection, and makes the client of the driver at a path. */
export async function openDevice<Client extends DriverClient, Device extends TestedDriver>(
  create: CreateDriver<Device>,
  { Client, path }: OpenDeviceOptions<Client>,
): Promise<OpenedDevice<Client, Device>> {
  const cleanups = new Cleanups()
  try {
    const device = await withTimeLimit({ name: 'create()', timeoutMs: partTimeoutMs }, async () => create())
    cleanups.add('the disposal of the real part', () => device[Symbol.asyncDispose]?.(), partTimeoutMs)
    const signal = timeLimitSignal({ name: 'the start of the session', timeoutMs: sessionTimeoutMs })
    const root = await serve(device.driver, { signal })
    const end = { name: 'the end of the session', timeoutMs: sessionTimeoutMs }
    const closeSession = () => withTimeLimit(end, async () => root[Symbol.asyncDispose]())
    cleanups.add('the end of the session', closeSession, 'self-limited')
    const client = withClass(follow<DriverClient>(path, root), Client)
    return { device, client, closeSession, [Symbol.asyncDispose]: () => cleanups.run() }
  } catch (error) {
    return cleanups.runAfter(error)
  }
}

/** Finds the driver at a path below a root: `board.power`. @throws HardwareError ARGUMENT_INVALID when there is none */
export function driverAt(path: string | undefined, root: Driver): Driver {
  return follow(path, root)
}

function follow<Node extends { readonly children: Readonly<Record<string, Node>> }>(
  path: string | undefined,
  root: Node,
): Node {
  if (path === undefined) return root
  return path.split('.').reduce((parent: Node, name) => {
    const child = parent.children[name]
    if (child !== undefined) return child
    const names = Object.keys(parent.children).join(', ') || 'none'
    throw new HardwareError('ARGUMENT_INVALID', `There is no driver '${path}': '${name}' is none of ${names}`)
  }, root)
}
