import type { Duplex } from 'node:stream'

import { HardwareError } from '../errors.ts'
import {
  type InterfaceDefinition,
  type MethodArgs,
  type MethodDefinition,
  type MethodNames,
  type MethodResult,
  toWireName,
} from '../interfaces/define.ts'
import type { CallTarget, Channel, DriverReport, OpenResource, WaitOptions } from '../protocol/channel.ts'
import { clientLabel } from '../protocol/labels.ts'
import { eitherSignal } from '../protocol/either-signal.ts'
import type { ContentEncoding } from '../protocol/resources.ts'
import { validate, validateArgs, ValidationError } from '../protocol/validation.ts'
import { defaultCallTimeoutMs, resolveCallOptions } from './call-options.ts'
import type { Guard } from './console/guards.ts'
import { Waits } from './waits.ts'

/** Where a client stands in an exporter's tree. */
export interface ClientNode {
  readonly report: DriverReport
  /** Its name under its parent; empty for the root. */
  readonly name: string
  /** The names from the root down, joined by dots, for error messages; empty for the root. */
  readonly path: string
  readonly channel: Channel
  /** The interface, where it is known. */
  readonly contract: InterfaceDefinition | undefined
  /** What ends every wait on the exporter when a console prints it (default: what the usual systems print). */
  readonly guards?: readonly Guard[] | undefined
}

/** A class of clients: {@link DriverClient} or one derived from it. */
export interface ClientClass<Client extends DriverClient = DriverClient> {
  new (node: ClientNode): Client
  /** What its methods are called on the wire, and the schemas of their values. */
  readonly interface?: InterfaceDefinition
}

/**
 * Calls one driver, wherever it is. Classes for particular interfaces add methods of their own; this one alone can still
 * `call` what any driver has.
 *
 * @example
 * ```ts
 * export class ThermostatClient extends DriverClient<typeof Thermostat> {
 *   static readonly interface = Thermostat
 *   query(param: string) { return this.call('query', param) }
 * }
 * ```
 */
export class DriverClient<I extends InterfaceDefinition = InterfaceDefinition> {
  /** Where this client stands in the exporter's tree. */
  readonly node: ClientNode
  /** The clients of the drivers below, by name. They are properties too, where no method has the name. */
  readonly children: Readonly<Record<string, DriverClient>> = {}
  /** The limits of the calls made through this object. */
  protected readonly options: WaitOptions = {}

  constructor(node: ClientNode) {
    this.node = node
  }

  /** What the device is, as its exporter describes it. */
  get description(): string | undefined {
    return this.node.report.description
  }

  /** The path of the client class that the driver names. */
  get clientPath(): string {
    return this.node.report.labels[clientLabel] ?? ''
  }

  /** The driver's labels. */
  get labels(): Readonly<Record<string, string>> {
    return this.node.report.labels
  }

  /**
   * The same client with limits for its calls. (What it returns inherits from this object; a class of your own that
   * keeps state keeps it in `private` properties, not in `#` ones.)
   *
   * @example
   * ```ts
   * await dut.power.with({ timeoutMs: 2_000 }).on()
   * ```
   */
  with(options: WaitOptions): this {
    const limited: this = Object.create(this)
    return Object.defineProperty(limited, 'options', { value: { ...this.options, ...options } })
  }

  /**
   * Begins to follow what the device sends by itself, such as its console. Fixtures call it when the lease starts, so
   * that nothing is missed before the first test looks.
   */
  async attach(): Promise<void> {}

  /**
   * Calls a method with one answer.
   *
   * @throws HardwareError ARGUMENT_INVALID where a schema refuses an argument, else what the exporter answers
   */
  async call<M extends MethodNames<I, 'call'>>(method: M, ...args: MethodArgs<I, M>): Promise<MethodResult<I, M>> {
    const definition = definitionOf(this as DriverClient, method)
    const target = targetOf(this as DriverClient, method, definition)
    const checked = await checkArgs(definition, args, target.label)
    const result = await this.node.channel.call(target, checked, this.limits())
    return (await checkResult(definition, result, target.label)) as MethodResult<I, M>
  }

  /** Calls a method with many answers. Leaving the loop ends the call. */
  async *streamingCall<M extends MethodNames<I, 'streaming'>>(
    method: M,
    ...args: MethodArgs<I, M>
  ): AsyncGenerator<MethodResult<I, M>, void, void> {
    const definition = definitionOf(this as DriverClient, method)
    const target = targetOf(this as DriverClient, method, definition)
    const checked = await checkArgs(definition, args, target.label)
    for await (const record of this.node.channel.streamingCall(
      target,
      checked,
      limitsOf(this as DriverClient, this.options),
    )) {
      const checked = definition?.result === undefined ? record : await checkResult(definition, record, target.label)
      yield checked as MethodResult<I, M>
    }
  }

  /**
   * Opens a byte stream. Destroy it, or end it and read it to its end, to close it. Limits are those of the wait until it
   * is open; it may be used for longer than that, as consoles are that outlive a test.
   */
  stream(method: MethodNames<I, 'byteStream'>): Promise<Duplex> {
    const client = this as DriverClient
    return this.node.channel.openStream(targetOf(client, method, definitionOf(client, method)), this.limits())
  }

  /**
   * Opens a stream for a file that a method of this driver shall read or write, and the handle to pass to that method.
   *
   * @param encoding how the file is compressed
   */
  resource(encoding: ContentEncoding | null = null): Promise<OpenResource> {
    const { report, path, channel } = this.node
    const label = path === '' ? 'resource' : `${path}.resource`
    return channel.openResource(report.uuid, encoding, { ...this.limits(), label })
  }

  /** The limits for one call: those of this object, else the test's, else the default. */
  protected limits(defaultTimeoutMs: number = defaultCallTimeoutMs): {
    signal: AbortSignal | undefined
    timeoutMs: number
  } {
    const { signal, timeoutMs } = limitsOf(this as DriverClient, this.options)
    return { signal, timeoutMs: timeoutMs ?? defaultTimeoutMs }
  }
}

// Functions and not private methods: `with()` makes objects that inherit from a client, and those have no private names.

/** A board that has failed, as one of its consoles has said, ends a call too. */
function limitsOf({ node }: DriverClient, options: WaitOptions): WaitOptions {
  const { signal, timeoutMs } = resolveCallOptions(options)
  return { signal: eitherSignal(signal, Waits.find(node.channel)?.signal), timeoutMs }
}

function definitionOf(client: DriverClient, method: string): MethodDefinition | undefined {
  return client.node.contract?.methods[method]
}

function targetOf({ node }: DriverClient, method: string, definition: MethodDefinition | undefined) {
  const label = node.path === '' ? method : `${node.path}.${method}`
  return {
    uuid: node.report.uuid,
    method: definition?.wireName ?? toWireName(method),
    label,
    idempotent: definition?.idempotent,
  } satisfies CallTarget
}

async function checkArgs(definition: MethodDefinition | undefined, args: readonly unknown[], label: string) {
  const given = args.slice(0, args.findLastIndex((arg) => arg !== undefined) + 1)
  if (definition?.args === undefined) return given
  try {
    // The exporter validates again, and passes the schemas' output to the driver; sending that would transform twice.
    await validateArgs(definition.args, given, label)
    return given
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    throw new HardwareError('ARGUMENT_INVALID', error.message, { cause: error })
  }
}

async function checkResult(definition: MethodDefinition | undefined, result: unknown, label: string): Promise<unknown> {
  if (definition?.result === undefined) return result
  try {
    return await validate(definition.result, result, `result of ${label}`)
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    throw new HardwareError('RESULT_INVALID', error.message, { cause: error })
  }
}
