import { HardwareError, messageOf } from '../errors.ts'
import { toWireName } from '../interfaces/define.ts'
import { withTimeLimit } from '../time-limit.ts'
import { dispatchCall } from './dispatch.ts'
import { type Driver, interfaceOf } from './driver.ts'
import { driverPaths } from './tree.ts'

/** How long the calls may take together, in milliseconds. */
const safeTimeoutMs = 5_000
/** How long each may take at least, in milliseconds, however long those before it took. */
const fairShareMs = 500

/** A call that brings one device to a state that it may be left in. */
export interface SafeCall {
  /** How errors name it: `board.power.off`. */
  readonly name: string
  readonly driver: Driver
  readonly wireName: string
}

/**
 * The calls that bring an exporter's devices to a state that they may be left in.
 *
 * @param given what its file says: `board.power.off`, in the order of the calls; without it, those that interfaces name
 * @returns the calls, and what is wrong with those that cannot be
 */
export function findSafeCalls(
  root: Driver,
  given: readonly string[] | undefined,
): { readonly calls: readonly SafeCall[]; readonly mistakes: readonly string[] } {
  if (given === undefined) return { calls: callsOfInterfaces(root), mistakes: [] }
  const found = given.map((text) => findCall(root, text))
  return {
    calls: found.filter((call) => typeof call !== 'string'),
    mistakes: found.flatMap((call, index) => (typeof call === 'string' ? [`safe[${index}] ${call}`] : [])),
  }
}

/**
 * Makes the calls, one after another, also when one fails.
 *
 * @returns what failed
 */
export async function makeSafe(calls: readonly SafeCall[]): Promise<Error[]> {
  const errors: Error[] = []
  const deadline = performance.now() + safeTimeoutMs
  for (const { name, driver, wireName } of calls) {
    const stop = new AbortController()
    const limit = { name: 'it', timeoutMs: Math.max(fairShareMs, Math.round(deadline - performance.now())) }
    try {
      await withTimeLimit(limit, () => dispatchCall(driver, wireName, [], stop.signal))
    } catch (error) {
      stop.abort(error)
      const message = `${name}, which makes it safe to leave it, failed: ${messageOf(error)}`
      errors.push(new HardwareError('CLEANUP_FAILED', message, { cause: error }))
    }
  }
  return errors
}

function callsOfInterfaces(root: Driver): SafeCall[] {
  return Array.from(driverPaths(root)).flatMap(([driver, path]) => {
    const { safe, methods } = interfaceOf(driver)
    if (safe === undefined) return []
    const name = [path, safe].filter(Boolean).join('.')
    return { name, driver, wireName: methods[safe]?.wireName ?? safe }
  })
}

/** @returns what is wrong, where there is no such call */
function findCall(root: Driver, text: string): SafeCall | string {
  const names = text.split('.')
  const method = names.pop() ?? ''
  let driver = root
  for (const name of names) {
    const child = Object.hasOwn(driver.children, name) ? driver.children[name] : undefined
    if (child === undefined) return `is '${text}'; there is no driver '${name}' there`
    driver = child
  }
  const wireName = toWireName(method)
  const { methods } = interfaceOf(driver)
  const definition = Object.values(methods).find((one) => one.wireName === wireName)
  if (definition?.kind === 'call') return { name: text, driver, wireName }
  const calls = Object.values(methods).flatMap(({ kind, wireName: known }) => (kind === 'call' ? [known] : []))
  return `is '${text}'; the driver has ${calls.length === 0 ? 'nothing that can be called' : calls.join(', ')}`
}
