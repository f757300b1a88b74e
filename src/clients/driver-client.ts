import type { Duplex } from 'node:stream'

import { anySignal } from '../base/abort.ts'
import { brand, describeCopies, otherMajorOf } from '../base/brand.ts'
import { isRecord } from '../base/check.ts'
import type { WaitOptions } from '../base/wait-options.ts'
import type { InterfaceDefinition, MethodArgs, MethodNames, MethodResult } from '../interfaces/define.ts'
import type { OpenResource } from '../protocol/channel.ts'
import { clientLabel } from '../protocol/labels.ts'
import type { ContentEncoding } from '../protocol/resources.ts'
import { beginStep, recordStep } from '../recording/record-step.ts'
import { defaultCallTimeoutMs, noteWait, resolveCallOptions } from './call-options.ts'
import { type ClientNode, labelOf } from './client-node.ts'
import { DriverMethod } from './driver-method.ts'

/** A class of clients: {@link DriverClient} or one derived from it. */
export interface ClientClass<Client extends DriverClient = DriverClient> {
  new (node: ClientNode): Client
  /** The names of the methods on the wire, and the schemas of their values. */
  readonly interface?: InterfaceDefinition
}

/**
 * The client of one driver. Classes for particular interfaces add their methods; this class can still `call` every method of any
 * driver.
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
  static {
    brand(this, 'DriverClient')
  }

  /** The place of this client in the exporter's tree. */
  readonly node: ClientNode
  /** The clients of the drivers below, by name. A child is also a property, unless a method has the name. */
  readonly children: Readonly<Record<string, DriverClient>> = {}
  /** The limits of the calls made through this object. */
  protected readonly options: WaitOptions = {}

  constructor(node: ClientNode) {
    this.node = node
  }

  /** The exporter's description of the device. */
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
   * Returns the same client with limits for its calls. The result inherits from this object, so a class that you write keeps
   * its state in `private` properties, not in `#` ones.
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
   * Begins to read the output that the device sends by itself, such as its console. Fixtures call this when the lease starts,
   * so that no output is missed before the first test.
   */
  async attach(): Promise<void> {}

  /**
   * Calls a method with one answer.
   *
   * @throws HardwareError ARGUMENT_INVALID when a schema refuses an argument, else the exporter's error
   */
  async call<M extends MethodNames<I, 'call'>>(method: M, ...args: MethodArgs<I, M>): Promise<MethodResult<I, M>> {
    const driverMethod = new DriverMethod(this.node, method)
    return recordStep(driverMethod.step(args), async (step) => {
      const checked = await driverMethod.checkArgs(args)
      const waitEnded = noteWait(() => `${driverMethod.target.label} has not answered yet.`)
      try {
        const result = await this.node.channel.call(driverMethod.target, checked, this.limits())
        step?.answered(result)
        return (await driverMethod.checkResult(result)) as MethodResult<I, M>
      } finally {
        waitEnded()
      }
    })
  }

  /** Calls a method with many answers. Leaving the loop ends the call. */
  async *streamingCall<M extends MethodNames<I, 'streaming'>>(
    method: M,
    ...args: MethodArgs<I, M>
  ): AsyncGenerator<MethodResult<I, M>, void, void> {
    const driverMethod = new DriverMethod(this.node, method)
    const step = beginStep(driverMethod.step(args))
    const limits = limitsOf(this.node, this.options)
    const waitEnded = noteWait(() => `${driverMethod.target.label} has not ended yet.`)
    try {
      const checked = await driverMethod.checkArgs(args)
      for await (const record of this.node.channel.streamingCall(driverMethod.target, checked, limits)) {
        step?.answered(record)
        // A record without a schema does not wait for a turn of the event loop.
        yield (driverMethod.checksResults ? await driverMethod.checkResult(record) : record) as MethodResult<I, M>
      }
    } catch (error) {
      step?.ended(error)
      throw error
    } finally {
      waitEnded()
      if (step?.step.end === undefined) step?.ended()
    }
  }

  /**
   * Opens a byte stream. Destroy it, or end it and read it to its end, to close it. The limits are those of the opening; the
   * stream may be used for longer, as a console that outlives a test.
   */
  stream(method: MethodNames<I, 'byteStream'>): Promise<Duplex> {
    const driverMethod = new DriverMethod(this.node, method)
    return recordStep(driverMethod.step([]), () => this.node.channel.openStream(driverMethod.target, this.limits()))
  }

  /**
   * Opens a stream for a file that a method of this driver reads or writes.
   *
   * @param encoding the compression of the file
   * @returns the stream, and the handle to pass to that method
   */
  resource(encoding: ContentEncoding | null = null): Promise<OpenResource> {
    const { report, channel } = this.node
    const driver = labelOf(this.node)
    const label = driver === '' ? 'resource' : `${driver}.resource`
    return channel.openResource(report.uuid, encoding, { ...this.limits(), label })
  }

  /** The limits for one call: those of this object, else the test's, else the default. */
  protected limits(defaultTimeoutMs: number = defaultCallTimeoutMs): {
    signal: AbortSignal | undefined
    timeoutMs: number
  } {
    const { signal, timeoutMs } = limitsOf(this.node, this.options)
    return { signal, timeoutMs: timeoutMs ?? defaultTimeoutMs }
  }
}

/** The limits of a call. The failure of the board, which a console reports, ends the call, too. */
function limitsOf({ boardFailure }: ClientNode, options: WaitOptions): WaitOptions {
  const { signal, timeoutMs } = resolveCallOptions(options)
  return { signal: anySignal(signal, boardFailure.signal), timeoutMs }
}

/** @returns the reason why a value is no class of clients; `undefined` for {@link DriverClient} and classes derived from it */
export function mistakeOfClientClass(value: unknown): string | undefined {
  const prototype: unknown = typeof value === 'function' ? value.prototype : undefined
  if (isRecord(prototype) && Object.create(prototype) instanceof DriverClient) return undefined
  const other = isRecord(prototype) ? otherMajorOf(prototype) : undefined
  return other === undefined ? 'is not a class that extends DriverClient' : describeCopies(other)
}
