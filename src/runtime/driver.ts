import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'

import { HardwareError } from '../errors.ts'
import type { InterfaceDefinition } from '../interfaces/define.ts'
import type { ResourceHandle } from '../interfaces/resource.ts'
import type { LogEntry } from '../protocol/channel.ts'
import { Logger } from './logger.ts'

/** What a session gives its drivers. */
export interface DriverContext {
  log(entry: LogEntry): void
  openResource(driver: Driver, handle: unknown): Promise<Duplex>
}

/** A symbol of the whole process: an exporter may load drivers that import another copy of this package. */
const contextKey = Symbol.for('vitest-hardware.driver-context')

/**
 * The base of every driver. A driver works one device, next to it; a session makes it, calls {@link Driver.reset},
 * serves its methods, and calls {@link Driver.close} at the end. Its constructor takes the `config` of the exporter's
 * file as one object.
 *
 * @example
 * ```ts
 * export class Relay extends Driver implements Implementation<typeof Power> {
 *   static readonly interface = Power
 *   on() { … }
 *   off() { … }
 *   async *read() { yield { voltage: 5, current: 0.1 } }
 *   override close() { this.off() }
 * }
 * ```
 */
export abstract class Driver {
  /** Addresses this driver on the wire. */
  readonly uuid: string = randomUUID()
  /** Reported to clients, besides the labels that every driver has. */
  readonly labels: Record<string, string> = {}
  /** What the device is, for people. */
  description: string | undefined
  /** What each command does, for people; keys are command names as a command line shows them: `read-pin`. */
  readonly methodsDescription: Record<string, string> = {}
  /** The drivers below this one, by the names that clients see. */
  readonly children: Readonly<Record<string, Driver>> = {}
  /** Writes to the exporter's log. */
  readonly logger: Logger = new Logger(`driver.${this.constructor.name}`)

  /** Brings the device to its initial state, when a session starts. Children are reset after their parent. */
  reset(): void | Promise<void> {}

  /** Releases the device, when the session ends. Children are closed before their parent. */
  close(): void | Promise<void> {}

  /**
   * Opens the file that a handle among a method's arguments stands for: read it, or write it and `end()` it. Bytes are
   * decompressed and compressed on the way, as the handle says. A handle can be opened once, and what it opens is closed
   * when the method has returned.
   *
   * @throws HardwareError ARGUMENT_INVALID for a handle that is none, or is not this driver's, or was used before
   */
  protected resource(handle: ResourceHandle): Promise<Duplex> {
    const context = (this as { [contextKey]?: DriverContext })[contextKey]
    if (context === undefined) {
      throw new HardwareError('NOT_READY', `${this.constructor.name} has no session to open a resource in`)
    }
    return context.openResource(this, handle)
  }
}

/** Connects a driver to its session. */
export function attachDriver(driver: Driver, context: DriverContext): void {
  Object.defineProperty(driver, contextKey, { value: context, configurable: true })
  driver.logger.connect((entry) => context.log(entry))
}

/**
 * The interface that a driver's class names.
 *
 * @throws HardwareError EXPORTER_FAILED when it names none
 */
export function interfaceOf(driver: Driver): InterfaceDefinition {
  const { interface: definition, name } = driver.constructor as { interface?: InterfaceDefinition; name: string }
  if (definition === undefined) {
    throw new HardwareError(
      'EXPORTER_FAILED',
      `Driver class ${name} names no interface; add: static readonly interface = …`,
      { origin: 'plugin' },
    )
  }
  return definition
}
