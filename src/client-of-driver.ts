import type { Duplex } from 'node:stream'

import type { DriverClient } from './clients/driver-client.ts'
import type { QemuClient } from './clients/drivers/qemu-client.ts'
import type { Driver } from './runtime/driver.ts'

/**
 * The clients that have more than their drivers' methods and children, by the client path of the interface. A driver is looked up
 * here if it declares its class: `declare readonly ['constructor']: typeof Qemu`.
 */
interface ClientTypes {
  'jumpstarter_driver_qemu.client.QemuClient': QemuClient
}

/** The client path of a driver's interface, where the driver declares its class. */
type ClientPathOf<D extends Driver> = D extends {
  readonly constructor: { readonly interface: { readonly client: infer Path } }
}
  ? Path
  : undefined

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
 * children. A board of QEMU has a client with more methods.
 */
export type ClientOfDriver<D extends Driver> =
  ClientPathOf<D> extends keyof ClientTypes
    ? ClientTypes[ClientPathOf<D>]
    : DriverClient & MethodsOfDriver<D> & ChildrenOfDriver<D>
