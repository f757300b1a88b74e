import { chmod, rm } from 'node:fs/promises'

import { Server, ServerCredentials } from '@grpc/grpc-js'

import { HardwareError, messageOf } from '../../errors.ts'
import { type Address, grpcTarget } from '../../protocol/address.ts'
import { exporterService, routerService } from '../../protocol/services.ts'
import type { Session } from '../session.ts'
import { createExporterService } from './exporter-service.ts'
import { createRouterService } from './router-service.ts'

/** A session that clients can reach. */
export interface SessionServer {
  /** Where: a socket's path, or `host:port`. */
  readonly address: string
  /** Stops answering, and ends what is under way. */
  close(): Promise<void>
}

/** As for clients: only messages far beyond what drivers send are refused. */
const serverOptions = { 'grpc.max_receive_message_length': 32 * 1024 * 1024 }

/**
 * Serves a session on a unix socket, or on a TCP port of this machine (port 0 for any that is free).
 *
 * @throws HardwareError EXPORTER_FAILED when the address cannot be had
 */
export async function serveSession(session: Session, address: Address): Promise<SessionServer> {
  const server = new Server(serverOptions)
  server.addService(exporterService, createExporterService(session))
  server.addService(routerService, createRouterService(session))
  const port = await bind(server, address)
  if (address.kind === 'unix') await chmod(address.path, 0o600)
  return {
    address: address.kind === 'unix' ? address.path : `${address.host}:${port}`,
    async close() {
      server.forceShutdown()
      if (address.kind === 'unix') await rm(address.path, { force: true })
    },
  }
}

function bind(server: Server, address: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    const target = address.kind === 'unix' ? grpcTarget(address) : `${address.host}:${address.port}`
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port)
      else
        reject(
          new HardwareError('EXPORTER_FAILED', `Cannot listen on ${target}: ${messageOf(error)}`, { cause: error }),
        )
    })
  })
}
