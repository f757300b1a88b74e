import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'

import { brand } from '../base/brand.ts'
import { childEnvironment } from '../base/child-environment.ts'
import type { ProgramResult, RunProgramOptions } from '../base/run-program.ts'
import { HardwareError } from '../errors.ts'
import type { InterfaceDefinition } from '../interfaces/define.ts'
import type { ResourceHandle } from '../interfaces/resource.ts'
import type { LogEntry } from '../protocol/exporter.ts'
import { callSignal } from './call.ts'
import { Logger } from './logger.ts'

/** The services of a session for its drivers. */
export interface DriverContext {
  log(entry: LogEntry): void
  childEnvironment(): Record<string, string>
  openResource(driver: Driver, handle: unknown): Promise<Duplex>
}

/** A symbol of the whole process, because a driver may import another copy of this package. */
const contextKey = Symbol.for('vitest-hardware.driver-context')

/**
 * The base class of every driver. A driver runs next to one device and controls it. A session makes the driver, calls
 * {@link Driver.reset}, serves its methods, and calls {@link Driver.close} at the end. The constructor takes the `config` of the
 * exporter's file as one object.
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
  static {
    brand(this, 'Driver')
  }

  /** The address of this driver on the wire. */
  readonly uuid: string = randomUUID()
  /** Labels for clients, in addition to the labels that every driver has. */
  readonly labels: Record<string, string> = {}
  /** A description of the device, for people. */
  description: string | undefined
  /** Descriptions of the methods, for people. Keys are names of commands, as a command line shows them: `read-pin`. */
  readonly methodsDescription: Record<string, string> = {}
  /** The drivers below this one, by their names for clients. */
  readonly children: Readonly<Record<string, Driver>> = {}
  /** Writes to the exporter's log. */
  readonly logger: Logger = new Logger(`driver.${this.constructor.name}`)

  /** Brings the device to its initial state when a session starts. Children are reset after their parent. */
  reset(): void | Promise<void> {}

  /** Releases the device when the session ends. Children are closed before their parent. */
  close(): void | Promise<void> {}

  /**
   * Opens the file of a handle that a method got as an argument: read the stream, or write to it and `end()` it. Bytes are
   * decompressed and compressed on the way, as the handle says. A handle can be opened once. The file is closed when the method
   * has returned.
   *
   * @throws HardwareError ARGUMENT_INVALID for an invalid handle, a handle of another driver, or a handle that was used before
   */
  protected resource(handle: ResourceHandle): Promise<Duplex> {
    const context = contextOf(this)
    if (context === undefined) {
      throw new HardwareError('NOT_READY', `${this.constructor.name} has no session to open a resource in`)
    }
    return context.openResource(this, handle)
  }

  /**
   * The environment for a program that this driver starts: the usual variables (`PATH`, `HOME`, `LANG` and alike) and those that
   * `environment` of the exporter's file names. The exporter's tokens and passphrases do not reach the program.
   */
  protected childEnvironment(): Record<string, string> {
    return contextOf(this)?.childEnvironment?.() ?? childEnvironment()
  }

  /**
   * Runs a program to its end, as part of the current call: the program ends when the client cancels the call. It has the
   * environment of {@link childEnvironment}, no shell reads its arguments, and its output goes to the log at the level `debug`.
   *
   * @param command the program and its arguments
   * @throws HardwareError PROGRAM_MISSING, DEVICE_IO with the last lines of a program that failed, CALL_TIMEOUT, LIMIT_EXCEEDED
   * @example
   * ```ts
   * await this.runProgram(['uhubctl', '-a', 'off', '-p', port], { install: 'apt install uhubctl', timeoutMs: 10_000 })
   * ```
   */
  protected async runProgram(
    command: readonly [string, ...string[]],
    options: RunProgramOptions = {},
  ): Promise<ProgramResult> {
    // On first use: most drivers run no program.
    const { runProgram } = await import('../base/run-program.ts')
    const [program] = command
    const receiveLine = (line: string) => this.logger.debug(`${program}: ${line}`)
    return runProgram(command, { env: this.childEnvironment(), signal: callSignal(), receiveLine, ...options })
  }
}

function contextOf(driver: Driver): (Partial<DriverContext> & Pick<DriverContext, 'openResource'>) | undefined {
  return (driver as { [contextKey]?: DriverContext })[contextKey]
}

/** Connects a driver to its session. */
export function attachDriver(driver: Driver, context: DriverContext): void {
  Object.defineProperty(driver, contextKey, { value: context, configurable: true })
  driver.logger.connect((entry) => context.log(entry))
}

/**
 * Reads the interface of a driver's class.
 *
 * @throws HardwareError EXPORTER_FAILED when the class names none
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
