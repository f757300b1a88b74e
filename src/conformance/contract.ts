import type { InterfaceDefinition } from '../interfaces/define.ts'
import { type Driver, interfaceOf } from '../runtime/driver.ts'

/**
 * Compares a driver with an interface.
 *
 * @param lacking the methods that the driver may leave out
 * @returns a sentence for each difference
 */
export function contractMistakes(
  driver: Driver,
  contract: InterfaceDefinition,
  lacking: ReadonlySet<string>,
): readonly string[] {
  const { name } = driver.constructor
  const { client, methods } = interfaceOf(driver)
  const mistakes = Object.entries(contract.methods).flatMap(([method, { kind, wireName }]) => {
    if (lacking.has(method)) return []
    const own = methods[method]
    const wrong: string[] = []
    if (own === undefined) wrong.push(`the interface of ${name} has no method ${method}`)
    else if (own.kind !== kind) wrong.push(`${method} is a ${own.kind} of the interface of ${name}, not a ${kind}`)
    else if (own.wireName !== wireName)
      wrong.push(`${method} is '${own.wireName}' on the wire, not '${wireName}', so that other clients do not find it`)
    if (typeof Reflect.get(driver, method) !== 'function') wrong.push(`${name} does not implement ${method}()`)
    return wrong
  })
  return client === '' ? [...mistakes, `the interface of ${name} names no client`] : mistakes
}
