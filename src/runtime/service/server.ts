import { chmod, rm } from 'node:fs/promises'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'

import { Server, ServerCredentials } from '@grpc/grpc-js'

import { HardwareError, messageOf } from '../../errors.ts'
import { type Address, formatAddress } from '../../protocol/address.ts'
import { checkPassphrase } from '../../protocol/grpc-security.ts'
import { exporterService, routerService } from '../../protocol/services.ts'
import type { Session } from '../session.ts'
import { createExporterService } from './exporter-service.ts'
import { eagerWrites } from './eager-writes.ts'
import { passphraseInterceptor } from './passphrase.ts'
import { createRouterService } from './router-service.ts'
import { removeStaleSocket } from './stale-socket.ts'
import { widenConnectionWindows, widenStreamWindows } from './windows.ts'

/** A session that clients can reach. */
export interface SessionServer {
  /** Where: a socket's path, or `host:port`. */
  readonly address: string
  /** Stops answering, and ends what is under way. */
  close(): Promise<void>
}

/** How clients have to come. */
export interface ListenSecurity {
  /** The server's certificate (with those that lead to a root) and its private key, in PEM; without them, no TLS. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** What clients have to send with every call. */
  readonly passphrase?: string | undefined
}

/** As for clients: only messages far beyond what drivers send are refused. */
const serverOptions = { 'grpc.max_receive_message_length': 32 * 1024 * 1024 }

/**
 * Serves a session on a unix socket, or on a TCP port of this machine (port 0 for any that is free). A socket that an
 * exporter has left behind when it was killed is replaced.
 *
 * @throws HardwareError EXPORTER_FAILED when the address cannot be had
 */
export async function serveSession(
  session: Session,
  address: Address,
  { tls, passphrase }: ListenSecurity = {},
): Promise<SessionServer> {
  const interceptors = [
    ...(passphrase === undefined ? [] : [passphraseInterceptor(checkPassphrase(passphrase))]),
    eagerWrites,
  ]
  const server = new Server({ ...serverOptions, interceptors })
  widenStreamWindows(server)
  server.addService(exporterService, createExporterService(session))
  server.addService(routerService, createRouterService(session))
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
    // Before the port is open, because the server itself would only say that no handshake succeeds.
    createSecureContext({ cert, key })
    // Where there is nothing to read, a context is made all the same.
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
      if (error === null) resolve(port)
      else
        reject(
          new HardwareError('EXPORTER_FAILED', `Cannot listen on ${target}: ${messageOf(error)}`, { cause: error }),
        )
    })
  })
}
