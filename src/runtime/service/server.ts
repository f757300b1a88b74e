import { chmod, rm } from 'node:fs/promises'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'

import { Server, ServerCredentials } from '@grpc/grpc-js'

import { HardwareError, messageOf } from '../../errors.ts'
import { type Address, formatAddress } from '../../protocol/address.ts'
import { checkPassphrase } from '../../protocol/grpc/grpc-security.ts'
import { leaseService } from '../../protocol/lease-service.ts'
import { exporterService, routerService } from '../../protocol/services.ts'
import { toStatus, type ToStatus } from '../../protocol/status.ts'
import type { ClientLeases } from '../client-leases.ts'
import { SessionCalls } from '../session-calls.ts'
import type { Session } from '../session.ts'
import { createExporterService } from './exporter-service.ts'
import { createLeaseService, leaseInterceptor } from './lease-service.ts'
import { eagerWrites } from './server-eager-writes.ts'
import { passphraseInterceptor } from './passphrase.ts'
import { createRouterService } from './router-service.ts'
import { removeStaleSocket } from './stale-socket.ts'
import { widenConnectionWindows, loosenStreamLimits } from './http2-limits.ts'

/** The server of a session. */
export interface SessionServer {
  /** The path of a unix socket, or `host:port`. */
  readonly address: string
  /** Stops answering, and ends all calls that are under way. */
  close(): Promise<void>
}

/** The security of a server. */
export interface ListenSecurity {
  /** The server's certificate, with the certificates up to a root, and its private key, in PEM (default: no TLS). */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** The passphrase that clients have to send with every call. */
  readonly passphrase?: string | undefined
}

/** Options of {@link serveSession}. */
export interface ServeOptions extends ListenSecurity {
  /** Receives a line for each client that is refused. */
  readonly print?: ((line: string) => void) | undefined
  /** Lets clients take leases, and keeps others away meanwhile (default: all clients may use the drivers). */
  readonly leases?: ClientLeases | undefined
  /** The time after which a client without a sign of life loses its lease, in milliseconds (default 15 s). */
  readonly silenceMs?: number | undefined
}

/** Only messages far larger than those of drivers are refused, as at the client's end. */
const serverOptions = { 'grpc.max_receive_message_length': 32 * 1024 * 1024 }

/**
 * Serves a session on a unix socket, or on a TCP port of this machine (port 0 for any free port). The socket of an exporter that
 * was killed is replaced.
 *
 * @throws HardwareError EXPORTER_FAILED when the server cannot listen on the address
 */
export async function serveSession(
  session: Session,
  address: Address,
  { tls, passphrase, print = () => undefined, leases, silenceMs }: ServeOptions = {},
): Promise<SessionServer> {
  const interceptors = [
    ...(passphrase === undefined ? [] : [passphraseInterceptor(checkPassphrase(passphrase), print)]),
    ...(leases === undefined ? [] : [leaseInterceptor(leases)]),
    eagerWrites,
  ]
  const server = new Server({ ...serverOptions, interceptors })
  loosenStreamLimits(server)
  const calls = new SessionCalls(session)
  const sendsStack = session.errorStacks ?? address.kind === 'unix'
  const toStatusOfCall: ToStatus = (error) => toStatus(error, { sendsStack })
  // A stream leads to the board, whose software may not listen.
  const toStatusOfStream: ToStatus = (error) => toStatus(error, { sendsStack, usesInstruments: false })
  server.addService(exporterService, createExporterService(calls, toStatusOfCall))
  server.addService(routerService, createRouterService(calls, toStatusOfStream))
  if (leases !== undefined) server.addService(leaseService, createLeaseService(leases, silenceMs))
  if (address.kind === 'unix') await removeStaleSocket(address.path)
  const port = await bind(server, address, serverCredentials(tls))
  widenConnectionWindows(server)
  if (address.kind === 'unix') await chmod(address.path, 0o600)
  return {
    address: formatAddress(address.kind === 'unix' ? address : { ...address, port }),
    async close() {
      server.forceShutdown()
      if (address.kind === 'unix') await rm(address.path, { force: true })
    },
  }
}

function serverCredentials(tls: ListenSecurity['tls']): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure()
  const { cert, key } = tls
  try {
    // Checked before the port is open: with a wrong certificate the server would start, and every handshake would fail.
    createSecureContext({ cert, key })
    // A context is made also from a text without any certificate.
    void [new X509Certificate(cert), createPrivateKey(key)]
  } catch (cause) {
    const message = `The certificate and its key cannot be used: ${messageOf(cause)}`
    throw new HardwareError('EXPORTER_FAILED', message, { cause })
  }
  return ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(cert), private_key: Buffer.from(key) }])
}

function bind(server: Server, address: Address, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    const target = address.kind === 'unix' ? `unix:${address.path}` : formatAddress(address)
    server.bindAsync(target, credentials, (error, port) => {
      if (error === null) {
        resolve(port)
        return
      }
      const message = `Cannot listen on ${target}: ${messageOf(error)}`
      const details = { address: formatAddress(address) }
      reject(new HardwareError('EXPORTER_FAILED', message, { cause: error, details }))
    })
  })
}
