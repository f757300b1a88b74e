import { Metadata, status as Status } from '@grpc/grpc-js'

import { cutText } from '../base/cut-text.ts'
import { type ErrorCode, HardwareError } from '../errors.ts'
import { type CallName, callError, cancelledCallError, type Peer } from './call-error.ts'
import type { StatusLike } from './call-status.ts'
import {
  driverStackOf,
  type ErrorFacts,
  errorFactsOf,
  messageWithCauses,
  readErrorFacts,
  RemoteError,
  withCauses,
  writeErrorFacts,
} from './error-facts.ts'
import { ValidationError } from './validation.ts'

/** gRPC's C++ core refuses metadata above 8 KiB by default, and a character takes up to nine bytes there. */
const maxDetailsLength = 800
const codeOfStatus: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [Status.CANCELLED, 'CALL_CANCELLED'],
  [Status.UNKNOWN, 'CALL_FAILED'],
  [Status.INVALID_ARGUMENT, 'ARGUMENT_INVALID'],
  [Status.DEADLINE_EXCEEDED, 'CALL_TIMEOUT'],
  [Status.NOT_FOUND, 'METHOD_NOT_FOUND'],
  [Status.RESOURCE_EXHAUSTED, 'LIMIT_EXCEEDED'],
  [Status.FAILED_PRECONDITION, 'NOT_READY'],
  [Status.UNIMPLEMENTED, 'NOT_IMPLEMENTED'],
  [Status.INTERNAL, 'DEVICE_IO'],
  [Status.UNAVAILABLE, 'DEVICE_IO'],
  [Status.UNAUTHENTICATED, 'UNAUTHENTICATED'],
])

const statusOfCode: ReadonlyMap<ErrorCode, Status> = new Map<ErrorCode, Status>([
  ...Array.from(codeOfStatus, ([status, code]): [ErrorCode, Status] => [code, status]),
  ['CONNECTION_LOST', Status.UNAVAILABLE],
  ['DEVICE_IO', Status.INTERNAL],
  ['IMAGE_INVALID', Status.INVALID_ARGUMENT],
  ['MODULE_MISSING', Status.FAILED_PRECONDITION],
  ['PROGRAM_MISSING', Status.FAILED_PRECONDITION],
])

/**
 * The texts of grpc-js when a connection breaks under a call, and of gRPC's C++ core, in Python's exporter, when it shuts
 * down. Their statuses, UNAVAILABLE, INTERNAL and others, are also those of errors that a driver raises.
 */
const brokenConnection =
  /^(?:Connection dropped|Stream refused by server|Received RST_STREAM with code|(?:read|write) E[A-Z]+|Write (?:error:|failed with error)|No status information received|Failed to start HTTP\/2 stream|Received HTTP status code|The pending stream has been canceled|Bandwidth exhausted or memory limit exceeded|Cancelling all calls$)/

/** The system errors about a connection, which are a `ConnectionError` in Python. */
const connectionErrors = new Set(['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ENOTCONN', 'ETIMEDOUT'])

/** The system errors of a connection that could not be made. */
const unreachable = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'])

/** Makes the exporter's answer to a call that has failed. */
export type ToStatus = (error: unknown) => StatusLike & { readonly metadata: Metadata }

/**
 * Makes an exporter's answer when a driver throws: the status that Python's exporter gives for such an error.
 *
 * @param options.sendsStack adds the files and lines of the driver, which tell of the exporter's machine (default false)
 * @param options.usesInstruments true if a driver that cannot connect has not reached an instrument of the lab (default), false if
 *   it connects to the board itself
 */
export function toStatus(error: unknown, { sendsStack = false, usesInstruments = true } = {}): ReturnType<ToStatus> {
  const details = cutText(error instanceof HardwareError ? error.message : messageWithCauses(error), maxDetailsLength)
  const metadata = new Metadata()
  const isRefused = usesInstruments && withCauses(error).some(isRefusal)
  // The status alone would look as if the client's connection had failed, and not the device's.
  const code = isRefused || isSystemError(error) ? 'DEVICE_IO' : undefined
  const facts: ErrorFacts = { code, ...errorFactsOf(error), stack: sendsStack ? driverStackOf(error) : undefined }
  const isOfBoard = facts.code === 'DEVICE_IO' && (facts.origin ?? 'board') === 'board'
  writeErrorFacts(metadata, isRefused && isOfBoard ? { ...facts, origin: 'lab' } : facts)
  return { code: statusOf(error), details, metadata }
}

/** True if a connection could not be made. */
function isRefusal(error: Error): boolean {
  return (
    isSystemError(error) &&
    /^(?:connect|getaddrinfo)$/.test(String(error.syscall)) &&
    unreachable.has(String(error.code))
  )
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}

function statusOf(error: unknown): Status {
  if (error instanceof HardwareError) return statusOfCode.get(error.code) ?? Status.UNKNOWN
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
 * Makes a client's error when a call fails.
 *
 * @param signal the caller's signal, which explains a cancelled call
 */
export function fromStatus(failure: StatusLike, call: CallName, peer: Peer, signal?: AbortSignal): HardwareError {
  const remote = readErrorFacts(failure.metadata)
  const code = remote?.code ?? codeOfStatus.get(failure.code) ?? 'CALL_FAILED'
  const { details } = peer
  if (failure.code === Status.CANCELLED && signal?.aborted === true) return cancelledCallError(call, peer, signal)
  if (remote === undefined && (failure.code === Status.CANCELLED || brokenConnection.test(failure.details))) {
    const why = failure.code === Status.CANCELLED ? 'closed before the answer came' : failure.details
    return callError('CONNECTION_LOST', call, `lost the connection to ${peer.address} (${why})`, {
      cause: failure,
      details,
    })
  }
  return callError(code, call, failure.details || Status[failure.code] || String(failure.code), {
    cause: remote === undefined ? failure : new RemoteError(remote, failure.details),
    origin: remote?.origin,
    details: {
      ...details,
      methods: remote?.methods,
      isAway: remote?.isAway,
      expected: remote?.expected,
      found: remote?.found,
    },
  })
}
