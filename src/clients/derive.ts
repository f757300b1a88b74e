import type { InterfaceDefinition, Methods } from '../interfaces/define.ts'
import { type ClientClass, DriverClient } from './driver-client.ts'

/** The client that {@link deriveClient} makes of an interface: its methods, and those of every client. */
export type DerivedClient<I extends InterfaceDefinition> = DriverClient<I> & Omit<Methods<I>, keyof DriverClient>

const derived = new WeakMap<InterfaceDefinition, ClientClass>()

/**
 * Makes a client class of an interface, with a method for each method of the interface. A method with the name of a member of
 * every client, such as `call`, has to be called as `client.call('call')`.
 */
export function deriveClient<I extends InterfaceDefinition>(contract: I): ClientClass<DerivedClient<I>> {
  let Client = derived.get(contract)
  if (Client === undefined) {
    Client = define(contract)
    derived.set(contract, Client)
  }
  return Client as ClientClass<DerivedClient<I>>
}

function define(contract: InterfaceDefinition): ClientClass {
  class Derived extends DriverClient {
    static readonly interface = contract
  }
  for (const [name, { kind }] of Object.entries(contract.methods)) {
    if (name in DriverClient.prototype) continue
    const value = {
      call(this: DriverClient, ...args: unknown[]) {
        return this.call(name, ...args)
      },
      streaming(this: DriverClient, ...args: unknown[]) {
        return this.streamingCall(name, ...args)
      },
      byteStream(this: DriverClient) {
        return this.stream(name)
      },
    }[kind]
    Object.defineProperty(Derived.prototype, name, { value, writable: true, configurable: true })
  }
  return Derived
}
