import { recordStep } from '../recording/record-step.ts'
import { labelOf } from './client-node.ts'
import { DriverClient } from './driver-client.ts'

/** Lets each call of a method of a client be a step, if the method returns a promise. */
export function recordMethods(client: DriverClient): void {
  const label = labelOf(client.node)
  for (const [name, method] of methodsOf(client)) {
    const target = label === '' ? name : `${label}.${name}`
    const value = function recorded(this: DriverClient, ...args: unknown[]): unknown {
      return recordStep({ kind: 'action', target, args }, () => Reflect.apply(method, this, args))
    }
    Object.defineProperty(client, name, { value, configurable: true, writable: true })
  }
}

/** The methods that a class adds to those of every client. */
function* methodsOf(client: DriverClient): Generator<[name: string, method: (...args: unknown[]) => unknown]> {
  const found = new Set(['constructor'])
  let prototype: object = Object.getPrototypeOf(client)
  while (prototype !== DriverClient.prototype && prototype !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (typeof value !== 'function' || found.has(name) || name in DriverClient.prototype) continue
      found.add(name)
      yield [name, value]
    }
    prototype = Object.getPrototypeOf(prototype)
  }
}
