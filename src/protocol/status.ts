import { Metadata, status as Status } from '@grpc/grpc-js'

import { type ErrorCode, errorCodes, type ErrorOrigin, HardwareError, messageOf } from '../errors.ts'
import { ValidationError } from './validation.ts'

/** What a failed gRPC call carries. */
export interface StatusLike {
  readonly code: number
  readonly details: string
  readonly metadata?: Metadata
}

/** Trailing metadata in which our exporter says more of an error than a status can. */
const errorMetadata = 'vitest-hardware-error-bin'

/** gRPC's C++ core refuses metadata above 8 KiB by default, and a character takes up to nine bytes there. */
const maxDetailsLength = 800

const codeOfStatus: Readonly<Record<number, ErrorCode>> = {
  [Status.CANCELLED]: 'CALL_CANCELLED',
  [Status.UNKNOWN]: 'CALL_FAILED',
  [Status.INVALID_ARGUMENT]: 'ARGUMENT_INVALID',
  [Status.DEADLINE_EXCEEDED]: 'CALL_TIMEOUT',
  [Status.NOT_FOUND]: 'METHOD_NOT_FOUND',
  [Status.RESOURCE_EXHAUSTED]: 'LIMIT_EXCEEDED',
  [Status.FAILED_PRECONDITION]: 'NOT_READY',
  [Status.UNIMPLEMENTED]: 'NOT_IMPLEMENTED',
  [Status.INTERNAL]: 'DEVICE_IO',
  [Status.UNAVAILABLE]: 'DEVICE_IO',
  [Status.UNAUTHENTICATED]: 'UNAUTHENTICATED',
}

const statusOfCode: Partial<Record<ErrorCode, Status>> = {
  ...Object.fromEntries(Object.entries(codeOfStatus).map(([status, code]) => [code, Number(status)])),
  CONNECTION_LOST: Status.UNAVAILABLE,
  DEVICE_IO: Status.INTERNAL,
  IMAGE_INVALID: Status.INVALID_ARGUMENT,
  MODULE_MISSING: Status.FAILED_PRECONDITION,
}

/**
 * What grpc-js itself says when a connection breaks under a call, and gRPC's C++ core, in Python's exporter, when it shuts
 * down. The statuses, UNAVAILABLE, INTERNAL and others, are also those of errors that a driver raises.
 */
const brokenConnection =
  /^(?:Connection dropped|Stream refused by server|Received RST_STREAM with code|(?:read|write) E[A-Z]+|Write (?:error:|failed with error)|No status information received|Failed to start HTTP\/2 stream|Received HTTP status code|The pending stream has been canceled|Cancelling all calls$)/

/** System errors that mean a connection, in the sense of Python's `ConnectionError`. */
const connectionErrors = new Set(['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ENOTCONN', 'ETIMEDOUT'])

/** An error of the other side: its class's name and its message. */
class RemoteError extends Error {
  override readonly name: string

  constructor(name: string, message: string) {
    super(message)
    this.name = name
    this.stack = `${name}: ${message}\n    at the exporter`
  }
}

/** What an exporter answers when a driver throws: the status that Python's exporter gives for the like error. */
export function toStatus(error: unknown): StatusLike & { metadata: Metadata } {
  const facts = { name: error instanceof Error ? error.constructor.name : typeof error, ...ownFacts(error) }
  const metadata = new Metadata()
  metadata.set(errorMetadata, Buffer.from(JSON.stringify(facts)))
  const details = messageOf(error)
  return {
    code: statusOf(error),
    details: details.length > maxDetailsLength ? `${details.slice(0, maxDetailsLength)}…` : details,
    metadata,
  }
}

function ownFacts(error: unknown): { code?: ErrorCode; origin?: ErrorOrigin } {
  if (error instanceof HardwareError) return { code: error.code, origin: error.origin }
  // The status alone would read as if the client's connection had failed, and not the device's.
  return isSystemError(error) ? { code: 'DEVICE_IO' } : {}
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}

function statusOf(error: unknown): Status {
  if (error instanceof HardwareError) return statusOfCode[error.code] ?? Status.UNKNOWN
  if (error instanceof ValidationError || error instanceof RangeError) return Status.INVALID_ARGUMENT
  if (!(error instanceof Error)) return Status.UNKNOWN
  if (error.name === 'TimeoutError') return Status.DEADLINE_EXCEEDED
  if (error.name === 'AbortError') return Status.CANCELLED
  if (isSystemError(error)) {
    return connectionErrors.has(String(error.code)) ? Status.UNAVAILABLE : Status.INTERNAL
  }
  return Status.UNKNOWN
}

/**
 * What a client throws when a call fails.
 *
 * @param label how the message names the call: `power.on`
 * @param peer how the message names the exporter, where it is the connection that failed
 * @param signal the caller's signal, which explains a cancelled call
 */
export function fromStatus(failure: StatusLike, label: string, peer: string, signal?: AbortSignal): HardwareError {
  const remote = remoteFacts(failure)
  const code = remote?.code ?? codeOfStatus[failure.code] ?? 'CALL_FAILED'
  if (failure.code === Status.CANCELLED && signal?.aborted === true) {
    const { reason } = signal
    if (reason instanceof HardwareError) {
      return new HardwareError(reason.code, `${label}: ${reason.message}`, { cause: reason, origin: reason.origin })
    }
    return new HardwareError('CALL_CANCELLED', `${label}: cancelled (${messageOf(signal.reason)})`, {
      cause: signal.reason,
    })
  }
  if (remote === undefined && (failure.code === Status.CANCELLED || brokenConnection.test(failure.details))) {
    const why = failure.code === Status.CANCELLED ? 'closed before the answer came' : failure.details
    return new HardwareError('CONNECTION_LOST', `${label}: lost the connection to ${peer} (${why})`, { cause: failure })
  }
  return new HardwareError(code, `${label}: ${failure.details || Status[failure.code] || failure.code}`, {
    cause: remote === undefined ? failure : new RemoteError(remote.name, failure.details),
    ...(remote?.origin === undefined ? {} : { origin: remote.origin }),
  })
}

function remoteFacts(failure: StatusLike): { name: string; code?: ErrorCode; origin?: ErrorOrigin } | undefined {
  const bytes = failure.metadata?.get(errorMetadata)[0]
  if (bytes === undefined) return undefined
  try {
    const facts = JSON.parse(bytes.toString()) as Record<string, unknown>
    const { name, code, origin } = facts
    return {
      name: typeof name === 'string' ? name : 'Error',
      ...(typeof code === 'string' && code in errorCodes ? { code: code as ErrorCode } : {}),
      ...(origins.has(origin as ErrorOrigin) ? { origin: origin as ErrorOrigin } : {}),
    }
  } catch {
    return undefined
  }
}

const origins: ReadonlySet<ErrorOrigin> = new Set<ErrorOrigin>(['test', 'firmware', 'board', 'lab', 'wire', 'plugin'])
