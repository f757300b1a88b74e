import { Duplex } from 'node:stream'

import { HardwareError } from '../errors.ts'
import type { InterfaceDefinition, MethodDefinition, MethodKind } from '../interfaces/define.ts'
import { accepts, validate, validateArgs, ValidationError } from '../protocol/validation.ts'
import { Call } from './call.ts'
import { type Driver, interfaceOf } from './driver.ts'

type Implementation = (...args: unknown[]) => unknown

/** What Python's exporter calls the three kinds in its errors. */
const markers: Readonly<Record<MethodKind, string>> = {
  call: 'marker_drivercall',
  streaming: 'marker_streamingdrivercall',
  byteStream: 'marker_streamcall',
}

interface Found {
  readonly definition: MethodDefinition
  readonly run: Implementation
}

/**
 * Finds a method by its wire name, among those the driver's interface exports.
 *
 * @throws HardwareError METHOD_NOT_FOUND in Python's words, or NOT_IMPLEMENTED for one the interface has and the driver
 *   lacks
 */
function find(driver: Driver, wireName: string, kind: MethodKind): Found {
  const contract = interfaceOf(driver)
  const exported = methodsByWireName(contract).get(wireName)
  if (exported === undefined) throw new HardwareError('METHOD_NOT_FOUND', `method ${wireName} not found on driver`)
  const { name, definition } = exported
  if (definition.kind !== kind) {
    throw new HardwareError('METHOD_NOT_FOUND', `method ${wireName} missing marker ${markers[kind]}`)
  }
  const run = (driver as unknown as Record<string, unknown>)[name]
  if (typeof run !== 'function') {
    throw new HardwareError(
      'NOT_IMPLEMENTED',
      `${driver.constructor.name} does not implement ${name}() of ${contract.client}`,
    )
  }
  return { definition, run: run.bind(driver) as Implementation }
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
  driver: Driver,
  wireName: string,
  args: readonly unknown[],
  signal: AbortSignal,
): Promise<unknown> {
  const { definition, run } = find(driver, wireName, 'call')
  const checked = await checkArgs(definition, args, wireName)
  const call = new Call(signal)
  try {
    const result = await call.run(() => run(...checked))
    return await checkResult(definition, result, wireName)
  } finally {
    call.end()
  }
}

/** Runs a method with many answers. Leaving the loop ends the driver's generator. */
export async function* dispatchStreaming(
  driver: Driver,
  wireName: string,
  args: readonly unknown[],
  signal: AbortSignal,
): AsyncGenerator<unknown, void, void> {
  const { definition, run } = find(driver, wireName, 'streaming')
  const checked = await checkArgs(definition, args, wireName)
  const call = new Call(signal)
  let iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined
  try {
    iterator = iteratorOf(await call.run(() => run(...checked)), wireName, driver)
    const records = iterator
    for (;;) {
      const next = await call.run(() => records.next())
      if (next.done === true) return
      yield definition.result === undefined ? next.value : await checkResult(definition, next.value, wireName)
    }
  } finally {
    await iterator?.return?.()
    call.end()
  }
}

/** Opens a byte stream. */
export async function dispatchByteStream(driver: Driver, wireName: string, signal: AbortSignal): Promise<Duplex> {
  const { run } = find(driver, wireName, 'byteStream')
  const stream = await new Call(signal).run(() => run())
  if (stream instanceof Duplex) return stream
  throw new TypeError(`${driver.constructor.name}.${wireName} did not return a Duplex`)
}

async function checkArgs({ args: schemas }: MethodDefinition, args: readonly unknown[], wireName: string) {
  if (schemas === undefined) return args
  const given = await Promise.all(
    args.map(async (arg, index) => {
      // Python sends null for an argument that was left out; a schema that has no use for null means exactly that.
      const schema = schemas[index]
      return arg === null && schema !== undefined && !(await accepts(schema, null)) ? undefined : arg
    }),
  )
  return validateArgs(schemas, given, wireName)
}

async function checkResult(definition: MethodDefinition, result: unknown, wireName: string): Promise<unknown> {
  if (definition.result === undefined) return result
  try {
    // The client's side validates again, and has the schema's output; sending that would transform twice.
    await validate(definition.result, result, `result of ${wireName}`)
    return result
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    throw new HardwareError('RESULT_INVALID', error.message, { cause: error })
  }
}

function iteratorOf(records: unknown, wireName: string, driver: Driver): AsyncIterator<unknown> | Iterator<unknown> {
  if (typeof records === 'object' && records !== null) {
    if (Symbol.asyncIterator in records) return (records as AsyncIterable<unknown>)[Symbol.asyncIterator]()
    if (Symbol.iterator in records) return (records as Iterable<unknown>)[Symbol.iterator]()
  }
  throw new TypeError(`${driver.constructor.name}.${wireName} returned nothing to iterate over`)
}
