import type { Duplex } from 'node:stream'

import type { DriverClient } from './clients/driver-client.ts'
import type { QemuClient } from './clients/qemu-client.ts'
import type { Qemu } from './drivers/qemu/qemu.ts'
import type { Driver } from './runtime/driver.ts'

/** One method of a driver as its client has it: every answer awaited, every generator asynchronous. */
type ClientMethod<Method> = Method extends (...args: infer Args) => infer Returned
  ? Awaited<Returned> extends Duplex
    ? () => Promise<Duplex>
    : Returned extends AsyncIterable<infer Record> | Iterator<infer Record, unknown, never>
      ? (...args: Args) => AsyncGenerator<Record, void, void>
      : (...args: Args) => Promise<Awaited<Returned>>
  : never

type MethodsOfDriver<D extends Driver> = {
  [K in Exclude<keyof D, keyof Driver> as D[K] extends (...args: never) => unknown ? K : never]: ClientMethod<D[K]>
}

type ChildrenOfDriver<D extends Driver> = string extends keyof D['children']
  ? unknown
  : { [K in keyof D['children']]: D['children'][K] extends Driver ? ClientOfDriver<D['children'][K]> : never }

/**
 * The type of the client that `serve(driver)` returns: the driver's public methods as a client calls them, and its
 * children. A board of QEMU has a client that is more than that.
 */
export type ClientOfDriver<D extends Driver> = D extends Qemu
  ? QemuClient
  : DriverClient & MethodsOfDriver<D> & ChildrenOfDriver<D>
