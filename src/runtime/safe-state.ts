import { now } from '../base/clock.ts'
import type { Cleanups } from '../base/cleanups.ts'
import { withTimeLimit } from '../base/time-limit.ts'
import { HardwareError, messageOf } from '../errors.ts'
import { type MethodDefinition, type MethodKind, toWireName } from '../interfaces/define.ts'
import { Shell } from '../interfaces/shell.ts'
import { validateArgs } from '../protocol/validation.ts'
import { dispatchCall, dispatchStreaming, type DispatchTarget } from './dispatch.ts'
import { type Driver, interfaceOf } from './driver.ts'
import { driverPaths } from './driver-tree.ts'

/** The longest time that all calls may take together, in milliseconds. */
const safeTimeoutMs = 5_000
/** The time that each call has at least, in milliseconds, even if earlier ones took all of it. */
const minCallTimeoutMs = 500

/** A call in an exporter's file, with arguments: `{ call: relay.call_method, args: ['off'] }`. */
export interface SafeCallWithArgs {
  readonly call: string
  readonly args?: readonly unknown[] | undefined
}

/** A call in an exporter's file: `board.power.off`, or one with arguments. */
export type SafeEntry = string | SafeCallWithArgs

/** A call that brings one device to a state that it may be left in. */
export interface SafeCall extends DispatchTarget {
  /** The call in error messages: `board.power.off`. */
  readonly name: string
  readonly args: readonly unknown[]
  readonly definition: MethodDefinition
}

/**
 * Finds the calls that bring an exporter's devices to a state that they may be left in.
 *
 * @param given the calls in the exporter's file, in their order: `board.power.off` (default: the calls that interfaces name)
 * @returns the calls, and the mistakes of the calls that the drivers do not have
 */
export function findSafeCalls(
  root: Driver,
  given: readonly SafeEntry[] | undefined,
): { readonly calls: readonly SafeCall[]; readonly mistakes: readonly string[] } {
  if (given === undefined) return { calls: callsOfInterfaces(root), mistakes: [] }
  const found = given.map((entry) => findCall(root, entry))
  return {
    calls: found.filter((call) => typeof call !== 'string'),
    mistakes: found.flatMap((call, index) => (typeof call === 'string' ? [`safe[${index}] ${call}`] : [])),
  }
}

/** Checks the arguments of calls against the schemas of their methods. @returns the mistakes */
export async function checkSafeArgs(calls: readonly SafeCall[]): Promise<string[]> {
  const mistakes = calls.map(async ({ name, args, method, definition }) => {
    if (definition.args === undefined) return []
    const checked = validateArgs(definition.args, args, method)
    return checked.then(
      () => [],
      (error: unknown) => [`safe: ${name}: ${messageOf(error)}`],
    )
  })
  return (await Promise.all(mistakes)).flat()
}

/** Adds the calls to the clean-ups of a session. They run one after another, in their order, within a few seconds. */
export function addSafeCalls(cleanups: Cleanups, calls: readonly SafeCall[]): void {
  let deadline: number | undefined
  const timeLeftMs = () => {
    deadline ??= now() + safeTimeoutMs
    return Math.max(minCallTimeoutMs, Math.round(deadline - now()))
  }
  // Clean-ups run in the reverse of their order.
  for (const call of calls.toReversed()) {
    cleanups.add(call.name, () => makeSafe(call, timeLeftMs()), 'self-limited')
  }
}

async function makeSafe(call: SafeCall, timeoutMs: number): Promise<void> {
  const stop = new AbortController()
  try {
    await withTimeLimit({ name: 'it', timeoutMs }, () => performCall(call, stop.signal))
  } catch (cause) {
    stop.abort(cause)
    const { name, path, method } = call
    const message = `${name}, which makes it safe to leave it, failed: ${messageOf(cause)}`
    throw new HardwareError('CLEANUP_FAILED', message, { cause, details: { driver: path || undefined, method } })
  }
}

/** Makes a call. Of a call with many answers, all are read. @throws what the driver throws, and COMMAND_FAILED for a command that fails */
export async function performCall(call: SafeCall, signal: AbortSignal): Promise<void> {
  if (call.definition.kind === 'call') {
    await dispatchCall(call, call.args, signal)
    return
  }
  let last: unknown
  for await (const record of dispatchStreaming(call, call.args, signal)) last = record
  // A command that fails is no error of the driver: its exit code is in the last piece of its output.
  if (interfaceOf(call.driver).client !== Shell.client || !Array.isArray(last)) return
  const exitCode: unknown = last.at(-1)
  if (exitCode !== 0) throw new HardwareError('COMMAND_FAILED', `the command ended with exit code ${String(exitCode)}`)
}

function callsOfInterfaces(root: Driver): SafeCall[] {
  return Array.from(driverPaths(root)).flatMap(([driver, path]) => {
    const { safe, methods } = interfaceOf(driver)
    const definition = safe === undefined ? undefined : methods[safe]
    if (safe === undefined || definition === undefined) return []
    const name = [path, safe].filter(Boolean).join('.')
    return { name, driver, path, method: definition.wireName ?? safe, args: [], definition }
  })
}

/** Finds a call of a driver below `root`. @returns the call, or the mistake, as the end of a sentence */
export function findCall(root: Driver, entry: SafeEntry): SafeCall | string {
  const { call: text, args = [] } = typeof entry === 'string' ? { call: entry } : entry
  const path = text.split('.')
  const name = path.pop() ?? ''
  let driver = root
  for (const step of path) {
    const child = Object.hasOwn(driver.children, step) ? driver.children[step] : undefined
    if (child === undefined) return `is '${text}'; there is no driver '${step}' there`
    driver = child
  }
  const method = toWireName(name)
  const { methods } = interfaceOf(driver)
  const definition = Object.values(methods).find(({ wireName }) => wireName === method)
  // A method with many answers may never end; one that is called with arguments, as a command of a Shell, is meant.
  const kinds: readonly MethodKind[] = typeof entry === 'string' ? ['call'] : ['call', 'streaming']
  if (definition !== undefined && kinds.includes(definition.kind)) {
    const list = args.map((arg) => JSON.stringify(arg)).join(', ')
    return { name: list === '' ? text : `${text}(${list})`, driver, path: path.join('.'), method, args, definition }
  }
  const calls = Object.values(methods).flatMap(({ kind, wireName }) => (kinds.includes(kind) ? [wireName] : []))
  return `is '${text}'; the driver has ${calls.length === 0 ? 'nothing that can be called' : calls.join(', ')}`
}
