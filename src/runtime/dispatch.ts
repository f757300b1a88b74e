import { Duplex } from 'node:stream'

import { type ErrorDetails, HardwareError } from '../errors.ts'
import type { InterfaceDefinition, MethodDefinition, MethodKind } from '../interfaces/define.ts'
import { accepts, validate, validateArgs, ValidationError } from '../protocol/validation.ts'
import { Call } from './call.ts'
import { type Driver, interfaceOf } from './driver.ts'
import { maxArgumentsOf } from './max-arguments.ts'
import { ownerAt } from './driver-tree.ts'

/** A method of a driver, for a call. */
export interface DispatchTarget {
  readonly driver: Driver
  /** The driver's place in the tree: `board.power`; empty for the root. */
  readonly path: string
  /** The method's name on the wire. */
  readonly method: string
}

/** The names of the three kinds in the errors of Python's exporter. */
const markers: Readonly<Record<MethodKind, string>> = {
  call: 'marker_drivercall',
  streaming: 'marker_streamingdrivercall',
  byteStream: 'marker_streamcall',
}

interface FoundMethod {
  readonly definition: MethodDefinition
  readonly run: (...args: readonly unknown[]) => unknown
  /** The number of arguments that the driver's function has names for; Infinity if it may take any number. */
  readonly maxArgs: number
}

/**
 * Finds a method by its wire name, among those that the driver's interface exports.
 *
 * @throws HardwareError METHOD_NOT_FOUND in Python's words, or NOT_IMPLEMENTED for a method of the interface that the driver lacks
 */
function find(target: DispatchTarget, kind: MethodKind): FoundMethod {
  const { driver, method } = target
  const details = detailsOf(target)
  const contract = interfaceOf(driver)
  const exported = methodsByWireName(contract).get(method)
  if (exported === undefined) {
    const methods = [...methodsByWireName(contract).keys()]
    const list = methods.length === 0 ? 'it has none' : `there are ${methods.join(', ')}`
    const message = `method ${method} not found on driver; ${list}`
    throw new HardwareError('METHOD_NOT_FOUND', message, { details: { ...details, methods } })
  }
  const { name, definition } = exported
  if (definition.kind !== kind) {
    throw new HardwareError('METHOD_NOT_FOUND', `method ${method} missing marker ${markers[kind]}`, { details })
  }
  const run = (driver as unknown as Record<string, unknown>)[name]
  if (typeof run !== 'function') {
    const message = `${driver.constructor.name} does not implement ${name}() of ${contract.client}`
    throw new HardwareError('NOT_IMPLEMENTED', message, { details })
  }
  return { definition, run: run.bind(driver) as FoundMethod['run'], maxArgs: maxArgumentsOf(run) }
}

function detailsOf({ path, method }: DispatchTarget): ErrorDetails {
  return { driver: path || undefined, method }
}

const tables = new WeakMap<InterfaceDefinition, ReadonlyMap<string, { name: string; definition: MethodDefinition }>>()

function methodsByWireName(contract: InterfaceDefinition) {
  let table = tables.get(contract)
  if (table === undefined) {
    const methods = Object.entries(contract.methods)
    table = new Map(methods.map(([name, definition]) => [definition.wireName ?? name, { name, definition }]))
    tables.set(contract, table)
  }
  return table
}

/** Runs a method with one answer. */
export async function dispatchCall(
  target: DispatchTarget,
  args: readonly unknown[],
  signal: AbortSignal,
): Promise<unknown> {
  const { definition, run, maxArgs } = find(target, 'call')
  const checked = await checkArgs(definition, args, target.method, maxArgs)
  const call = new Call(ownerAt(target.driver, target.path), signal)
  try {
    const result = await call.run(() => run(...checked))
    return await checkResult(definition, result, target)
  } finally {
    call.end()
  }
}

/** Runs a method with many answers. Leaving the loop ends the driver's generator. */
export async function* dispatchStreaming(
  target: DispatchTarget,
  args: readonly unknown[],
  signal: AbortSignal,
): AsyncGenerator<unknown, void, void> {
  const { definition, run, maxArgs } = find(target, 'streaming')
  const checked = await checkArgs(definition, args, target.method, maxArgs)
  const call = new Call(ownerAt(target.driver, target.path), signal)
  let iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined
  try {
    iterator = iteratorOf(await call.run(() => run(...checked)), target)
    const records = iterator
    for (;;) {
      const next = await call.run(() => records.next())
      if (next.done === true) return
      yield definition.result === undefined ? next.value : await checkResult(definition, next.value, target)
    }
  } finally {
    await iterator?.return?.()
    call.end()
  }
}

/** Opens a byte stream. */
export async function dispatchByteStream(target: DispatchTarget, signal: AbortSignal): Promise<Duplex> {
  const { run } = find(target, 'byteStream')
  const stream = await new Call(ownerAt(target.driver, target.path), signal).run(() => run())
  if (stream instanceof Duplex) return stream
  throw new TypeError(`${nameOf(target)} did not return a Duplex`)
}

async function checkArgs(
  { args: schemas }: MethodDefinition,
  args: readonly unknown[],
  wireName: string,
  maxArgs: number,
) {
  if (schemas === undefined) {
    // Python sends null for a missing argument.
    const count = args.findLastIndex((arg) => arg !== null && arg !== undefined) + 1
    if (count > maxArgs) throw new ValidationError(`${wireName} takes ${maxArgs} argument(s), not ${count}`)
    return args
  }
  const given = await Promise.all(
    args.map(async (arg, index) => {
      // Python sends null for a missing argument; a schema that does not accept null expects a missing argument then.
      const schema = schemas[index]
      return arg === null && schema !== undefined && !(await accepts(schema, null)) ? undefined : arg
    }),
  )
  return validateArgs(schemas, given, wireName)
}

async function checkResult(definition: MethodDefinition, result: unknown, target: DispatchTarget): Promise<unknown> {
  if (definition.result === undefined) return result
  try {
    // The result is sent as it is: the client validates it again, and a schema must not transform it twice.
    await validate(definition.result, result, `result of ${target.method}`)
    return result
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    throw new HardwareError('RESULT_INVALID', error.message, { cause: error, details: detailsOf(target) })
  }
}

function iteratorOf(records: unknown, target: DispatchTarget): AsyncIterator<unknown> | Iterator<unknown> {
  if (typeof records === 'object' && records !== null) {
    if (Symbol.asyncIterator in records) return (records as AsyncIterable<unknown>)[Symbol.asyncIterator]()
    if (Symbol.iterator in records) return (records as Iterable<unknown>)[Symbol.iterator]()
  }
  throw new TypeError(`${nameOf(target)} returned nothing to iterate over`)
}

/** The driver's class, because its author has to act, and the method. */
function nameOf({ driver, method }: DispatchTarget): string {
  return `${driver.constructor.name}.${method}`
}
