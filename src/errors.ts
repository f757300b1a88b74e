/**
 * Who has to act on an error.
 *
 * - `test`: the test or its code asked for something wrong
 * - `firmware`: the software on the board did not do what the test expected
 * - `board`: the device, or the driver that works it, failed
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
  PROTOCOL_VIOLATION: 'wire',
  RESULT_INVALID: 'board',
  SELECTOR_INVALID: 'test',
  STATE_UNREACHABLE: 'test',
  UNAUTHENTICATED: 'lab',
  VALUE_UNSUPPORTED: 'test',
} as const satisfies Record<string, ErrorOrigin>

/** A key of {@link errorCodes}. `docs/errors.md` says of each what it means and what to do. */
export type ErrorCode = keyof typeof errorCodes

const timeoutCodes: ReadonlySet<ErrorCode> = new Set(['CALL_TIMEOUT', 'CONSOLE_TIMEOUT', 'LEASE_TIMEOUT'])

/** What {@link HardwareError} takes besides its code and message. */
export interface HardwareErrorOptions {
  /** What made it happen. */
  readonly cause?: unknown
  /** Who has to act, where it differs from the code's own origin. */
  readonly origin?: ErrorOrigin
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
  override readonly name = 'HardwareError'
  /** What happened; stable, meant for programs. */
  readonly code: ErrorCode
  /** Who has to act. */
  readonly origin: ErrorOrigin

  constructor(code: ErrorCode, message: string, options: HardwareErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.origin = options.origin ?? errorCodes[code]
  }

  /** Whether a time limit ran out. */
  get timedOut(): boolean {
    return timeoutCodes.has(this.code)
  }

  /** Whether the caller's own signal ended it. */
  get cancelled(): boolean {
    return this.code === 'CALL_CANCELLED'
  }
}

type ConnectionError = HardwareError & { readonly code: 'CONNECTION_FAILED' | 'CONNECTION_LOST' }

/** Whether it says that a connection could not be made, or broke. */
export function isConnectionError(error: unknown): error is ConnectionError {
  return error instanceof HardwareError && error.code.startsWith('CONNECTION_')
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
