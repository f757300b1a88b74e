import { type ErrorCode, type ErrorOrigin, HardwareError } from '../errors.ts'
import type { InterfaceDefinition } from '../interfaces/define.ts'
import type { Channel } from '../protocol/channel.ts'
import type { DriverReport } from '../protocol/exporter.ts'
import type { Recorder } from '../recording/recorder.ts'
import type { BoardFailure } from './board-failure.ts'
import type { Guard } from './console/guards.ts'

/** The place of a client in an exporter's tree. */
export interface ClientNode {
  readonly report: DriverReport
  /** The name under the parent; empty for the root. */
  readonly name: string
  /** The names from the root down, joined by dots, for error messages; empty for the root. */
  readonly path: string
  /** The name that the user gave the exporter; `undefined` if he gave none. */
  readonly role?: string | undefined
  readonly channel: Channel
  /** The interface, if it is known. */
  readonly contract: InterfaceDefinition | undefined
  /** The patterns that end every wait on the exporter when a console prints them (default: the failures of the usual systems). */
  readonly guards?: readonly Guard[] | undefined
  /** The end of lines that consoles type (default: that of the driver, else a carriage return). */
  readonly lineEnd?: string | undefined
  /** The time for which waits of serial consoles go on while the device is away, in milliseconds (default 30 000). */
  readonly returnTimeoutMs?: number | undefined
  /** Gets the consoles, so that the evidence of a test has their output. */
  readonly recorder?: Recorder | undefined
  /** Ends the waits on the exporter when one of its consoles reports a failure. */
  readonly boardFailure: BoardFailure
}

/**
 * The name of a driver in errors, with the role in front: `dut.console`.
 *
 * @param name the name of a driver that is the root of an exporter without a role, or the name of a method
 */
export function labelOf({ role, path }: Pick<ClientNode, 'role' | 'path'>, name?: string): string {
  const parts = [role, path].filter(Boolean)
  return parts.length === 0 ? (name ?? '') : parts.join('.')
}

/**
 * Makes the error of a driver, with its name in front.
 *
 * @param options.name the name of a driver that is the root of an exporter without a role
 * @param options.origin the party that has to act, if it differs from the origin of the code
 */
export function driverError(
  node: Pick<ClientNode, 'role' | 'path'>,
  code: ErrorCode,
  text: string,
  {
    name,
    cause,
    origin,
  }: { readonly name: string; readonly cause?: unknown; readonly origin?: ErrorOrigin | undefined },
): HardwareError {
  return new HardwareError(code, `${labelOf(node, name)}: ${text}`, { cause, origin, details: { driver: node.path } })
}
