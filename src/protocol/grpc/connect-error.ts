import { status as Status } from '@grpc/grpc-js'

import { shownPath } from '../../base/shown-path.ts'
import type { HardwareError } from '../../errors.ts'
import { callError, type CallName, type Peer } from '../call-error.ts'
import type { StatusLike } from '../call-status.ts'

/** True for the status of grpc-js when it could not connect. */
export function isConnectFailure({ code, details }: StatusLike): boolean {
  return code === Status.UNAVAILABLE && /^(?:No connection established|Name resolution failed)/.test(details)
}

/** Makes the error of a connection that could not be made. Its cause has the system's code, which grpc-js has only in its text. */
export function connectError(failure: StatusLike, call: CallName, { address, details, proxy }: Peer): HardwareError {
  const reason = reasonOf(failure.details)
  const cause = Object.assign(failure, { systemCode: /^connect (?<code>E[A-Z]+)/.exec(reason)?.groups?.['code'] })
  const way = proxy === undefined ? '' : ` through the proxy ${proxy}`
  const text = `Cannot connect to ${address}${way}: ${explain(reason, proxy)}`
  return callError('CONNECTION_FAILED', { ...call, label: '' }, text, { cause, details })
}

/** `No connection established. Last error: Error: connect ENOENT /x. …` → `connect ENOENT /x` */
function reasonOf(details: string): string {
  return (
    /Last error: (?:Error: )?(?<reason>.*?)(?:\. Resolution note: .*)?$/s.exec(details)?.groups?.['reason'] ?? details
  )
}

/** Explains a failed connection, and its cure. */
function explain(reason: string, proxy: string | undefined): string {
  // Only a path with a slash is surely meant as a socket.
  const name = /^connect ENOENT (?<name>[^/\s]+)$/.exec(reason)?.groups?.['name']
  if (name !== undefined) return `there is no socket ${shownPath(name)}; the address of a machine is HOST:PORT`
  // gRPC for Node.js rejects with nothing when the proxy fails.
  if (proxy !== undefined && /^undefined\b/.test(reason)) {
    return 'the proxy does not answer, or it refuses the connection. NO_PROXY lists the hosts to reach without it'
  }
  if (/wrong version number|packet length too long/i.test(reason)) {
    return 'it does not speak TLS; connect with insecure: true (JMP_GRPC_INSECURE=1) if that is intended'
  }
  if (/certificate|altnames/i.test(reason)) {
    return `${reason}. Name the authority that signed the certificate as 'ca', and the host as the certificate does`
  }
  if (/^Failed to connect|ECONNRESET|protocol error/i.test(reason)) {
    return `${reason}; it ended the connection at once. If it speaks TLS, connect without insecure (JMP_GRPC_INSECURE)`
  }
  return reason
}
