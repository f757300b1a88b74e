import { brand } from './base/brand.ts'

/**
 * The party that has to act on an error.
 *
 * - `test`: the test or its code asked for something wrong
 * - `firmware`: the software on the board did not do as the test expected
 * - `board`: the device, or its driver, failed
 * - `lab`: the exporter, its configuration or its availability
 * - `wire`: the connection to the exporter
 * - `plugin`: the set-up of vitest-hardware in this project
 */
export type ErrorOrigin = 'test' | 'firmware' | 'board' | 'lab' | 'wire' | 'plugin'

/** Every code a {@link HardwareError} can carry, with the origin it has unless the error says otherwise. */
export const errorCodes = {
  ARGUMENT_INVALID: 'test',
  BOARD_BROKEN: 'board',
  CALL_CANCELLED: 'test',
  CALL_FAILED: 'board',
  CALL_TIMEOUT: 'board',
  CLEANUP_FAILED: 'lab',
  CLIENT_CONFIG_INVALID: 'plugin',
  COMMAND_FAILED: 'firmware',
  CONNECTION_FAILED: 'wire',
  CONNECTION_LOST: 'wire',
  CONSOLE_BUSY: 'test',
  CONSOLE_CLOSED: 'board',
  CONSOLE_TIMEOUT: 'firmware',
  CONTROLLER_REFUSED: 'lab',
  DEVICE_IO: 'board',
  DRIVERS_MISMATCH: 'lab',
  EXPORTER_CONFIG_INVALID: 'lab',
  EXPORTER_FAILED: 'lab',
  GUARD_TRIPPED: 'firmware',
  HOOK_FAILED: 'lab',
  IMAGE_INVALID: 'test',
  LEASE_LOST: 'lab',
  LEASE_TIMEOUT: 'lab',
  LIMIT_EXCEEDED: 'wire',
  METHOD_NOT_FOUND: 'test',
  MODULE_MISSING: 'plugin',
  NEEDS_INVALID: 'test',
  NOT_IMPLEMENTED: 'board',
  NOT_READY: 'lab',
  NO_EXPORTER: 'lab',
  PLUGIN_MISSING: 'plugin',
  PLUGIN_OPTIONS_INVALID: 'plugin',
  PROGRAM_MISSING: 'lab',
  PROTOCOL_VIOLATION: 'wire',
  RECORDING_INVALID: 'test',
  RESULT_INVALID: 'board',
  SELECTOR_INVALID: 'test',
  SETUP_BROKEN: 'lab',
  STATE_UNREACHABLE: 'test',
  TARGET_TESTS_INCOMPLETE: 'firmware',
  TARGET_TEST_FAILED: 'firmware',
  UNAUTHENTICATED: 'lab',
  VALUE_UNSUPPORTED: 'test',
  WORKER_EXITED: 'test',
  WRONG_BOARD: 'board',
} as const satisfies Record<string, ErrorOrigin>

/** A key of {@link errorCodes}. `docs/errors.md` explains each code and says what to do. */
export type ErrorCode = keyof typeof errorCodes

const timeoutCodes: ReadonlySet<ErrorCode> = new Set(['CALL_TIMEOUT', 'CONSOLE_TIMEOUT', 'LEASE_TIMEOUT'])

/** The facts of an error, for programs and reports. The message says the same in words. */
export interface ErrorDetails {
  /** The name of the exporter. */
  readonly exporter?: string | undefined
  /** The role that the test file gave the exporter: `dut`. */
  readonly role?: string | undefined
  /** The driver's place in the tree: `board.power`. */
  readonly driver?: string | undefined
  /** The method that was called, by its name on the wire: `read_pin`. */
  readonly method?: string | undefined
  /** The methods that the driver has, by their names on the wire, when it lacks the one that was called. */
  readonly methods?: readonly string[] | undefined
  /** The name of the console: its place in the tree of drivers, after the role if there is one: `dut.console`. */
  readonly console?: string | undefined
  /** The address of the exporter: a socket's path, or `host:port`. */
  readonly address?: string | undefined
  /** The output that a guard has found, where the board has failed. */
  readonly printed?: string | undefined
  /** The time limit that ran out, in milliseconds. */
  readonly limitMs?: number | undefined
  /** True if the device is not there, or not reachable, and may come back: consoles wait for it. */
  readonly isAway?: true | undefined
  /** The last lines of a program that failed: those of standard error, or of standard output where there are none. */
  readonly output?: readonly string[] | undefined
  /** The id of the chip or board that had to be there, when another one was. */
  readonly expected?: string | undefined
  /** The id of the chip or board that was there. */
  readonly found?: string | undefined
}

/** Options of {@link HardwareError}. */
export interface HardwareErrorOptions {
  /** The error that made this one happen. */
  readonly cause?: unknown
  /** The facts of the error. */
  readonly details?: ErrorDetails | undefined
  /** The message without the lines that only illustrate it (default: the first line of the message). */
  readonly shortMessage?: string | undefined
  /** The party that has to act, if it differs from the origin of the code. */
  readonly origin?: ErrorOrigin | undefined
}

/**
 * The error that everything in this package throws.
 *
 * @example
 * ```ts
 * try {
 *   await dut.power.on()
 * } catch (error) {
 *   if (error instanceof HardwareError && error.origin === 'lab') console.error('not the firmware:', error.message)
 * }
 * ```
 */
export class HardwareError extends Error {
  static {
    brand(this, 'HardwareError')
  }

  override readonly name = 'HardwareError'
  /** The kind of the error, for programs. Codes are stable. */
  readonly code: ErrorCode
  /** The party that has to act. */
  readonly origin: ErrorOrigin
  /** The message in one line, without illustrations such as the last lines of a console. */
  readonly shortMessage: string
  /** The facts of the error. */
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, options: HardwareErrorOptions = {}) {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = stackTraceLimit && stackTraceLimit + ownFrames
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    Error.stackTraceLimit = stackTraceLimit
    this.code = code
    this.origin = options.origin ?? errorCodes[code]
    this.shortMessage = options.shortMessage ?? message.split('\n', 1)[0] ?? ''
    const facts = Object.entries(options.details ?? {}).filter(([, fact]) => fact !== undefined)
    this.details = Object.fromEntries(facts)
  }

  /** True if a time limit ran out. */
  get timedOut(): boolean {
    return timeoutCodes.has(this.code)
  }

  /** True if the caller's signal ended the call or the wait. */
  get cancelled(): boolean {
    return this.code === 'CALL_CANCELLED'
  }
}

type ConnectionError = HardwareError & { readonly code: 'CONNECTION_FAILED' | 'CONNECTION_LOST' }

/**
 * How many lines of a stack there may be between an error and the line of the test: those of this package, and those of Node's
 * timers, which are there or not as several end at once. Node's limit of ten lines has room for either.
 */
const ownFrames = 20

/** True for an error that says that a connection could not be made, or broke. */
export function isConnectionError(error: unknown): error is ConnectionError {
  return error instanceof HardwareError && error.code.startsWith('CONNECTION_')
}

/** The message of a thrown value, which need not be an Error. */
export function messageOf(error: unknown): string {
  try {
    // A host with several addresses, none of which could be reached: Node gives no message for all.
    if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
    return String(error instanceof Error ? error.message : error)
  } catch {
    // An object without a prototype, or a getter that throws: drivers and test code may throw anything.
    return 'an error without a readable message'
  }
}

/** The stack of a thrown value, with its name and message; the message alone if it has none. */
export function stackOf(error: unknown): string {
  try {
    const stack: unknown = error instanceof Error ? error.stack : undefined
    return typeof stack === 'string' ? stack : messageOf(error)
  } catch {
    return messageOf(error)
  }
}
