import type { Duplex } from 'node:stream'

import { Console, type ConsoleOptions } from './console/console.ts'
import type { ClientNode } from './driver-client.ts'
import { Waits } from './waits.ts'

/** The console of a driver's client: its guards are those of the connection, and end the waits on the whole exporter. */
export function createConsole(
  { path, channel, guards }: ClientNode,
  connect: () => Promise<Duplex>,
  { name, ...options }: ConsoleOptions & { /** Its name where the driver is the root. */ readonly name: string },
): Console {
  return new Console(path || name, connect, {
    ...(guards === undefined ? {} : { guards }),
    waits: Waits.of(channel),
    ...options,
  })
}
