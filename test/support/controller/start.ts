import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Metadata, Server, ServerCredentials } from '@grpc/grpc-js'

import { ExporterStatus } from '../../../src/protocol/generated/jumpstarter/v1/common_pb.ts'
import { clientService, controllerService, routerService } from '../../../src/protocol/services.ts'
import type { Certificates } from '../certificates.ts'
import { authenticate, type Kind, type KnownObjects, subjectOf } from './authenticate.ts'
import { clientServiceOf } from './client-service.ts'
import { controllerServiceOf } from './controller-service.ts'
import { Router } from './router.ts'
import { ControllerState } from './state.ts'
import { Tokens } from './tokens.ts'

const hourMs = 3_600_000

/** What {@link startController} takes. */
export interface ControllerOptions {
  readonly certificates: Certificates
  /** The names of its clients. */
  readonly clients: readonly string[]
  /** The labels of its exporters, by their names. */
  readonly exporters: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** How long after the start it refuses every token, in milliseconds (default 0; the real one 10 000). */
  readonly refusesTokensMs?: number
  /** The number of calls after the start of which it refuses the token (default 0). */
  readonly refusesTokensTimes?: number
  /** Whether it is one that does not know `jumpstarter.client.v1` (default false). */
  readonly isOlder?: boolean
}

/** A controller and a router with the documented behaviour of Jumpstarter's, on ports of their own with TLS. */
export async function startController(options: ControllerOptions) {
  const { certificates } = options
  const namespace = 'lab'
  const state = new ControllerState()
  const tokens = new Tokens()
  for (const [name, labels] of Object.entries(options.exporters)) {
    state.exporters.set(name, {
      uuid: randomUUID(),
      name,
      labels: { ...labels },
      reports: [],
      streams: 0,
      status: ExporterStatus.UNSPECIFIED,
      cachedStatus: ExporterStatus.UNSPECIFIED,
      message: '',
      lease: undefined,
    })
  }
  const known: KnownObjects = {
    namespace,
    tokens,
    names: { Client: new Set(options.clients), Exporter: new Set(state.exporters.keys()) },
    refusesTokensUntil: Date.now() + (options.refusesTokensMs ?? 0),
    refusesTokensTimes: options.refusesTokensTimes ?? 0,
  }
  const check = (metadata: Metadata, kind: Kind) => authenticate(metadata, kind, known)
  const router = new Router()
  const routerServer = new Server()
  routerServer.addService(routerService, { stream: router.stream })
  const routerPort = await listen(routerServer, certificates)
  const routerEndpoint = () => `localhost:${routerPort}`
  const startServer = async (address: string) => {
    const started = new Server()
    started.addService(controllerService, controllerServiceOf({ state, router, routerEndpoint, authenticate: check }))
    if (options.isOlder !== true) {
      started.addService(clientService, clientServiceOf({ state, namespace, authenticate: check }))
    }
    return { server: started, port: await listen(started, certificates, address) }
  }
  const first = await startServer('localhost:0')
  const { port } = first
  let { server } = first

  /** The YAML of Jumpstarter's configuration of a client or an exporter, with what else it has. */
  const configOf = (kind: Kind, name: string, tokenLifetimeMs: number, more: object) =>
    JSON.stringify({
      apiVersion: 'jumpstarter.dev/v1alpha1',
      kind: `${kind}Config`,
      metadata: { namespace, name },
      endpoint: `localhost:${port}`,
      tls: { ca: Buffer.from(certificates.ca).toString('base64'), insecure: false },
      token: tokens.create(subjectOf(kind, namespace, name), tokenLifetimeMs),
      ...more,
    })
  return {
    state,
    router,
    /** Goes away, and comes back with what it knew, as one does that keeps it in Kubernetes; then it refuses every token. */
    restart: async ({ downMs, refusesTokensMs }: { readonly downMs: number; readonly refusesTokensMs: number }) => {
      server.forceShutdown()
      await delay(downMs)
      known.refusesTokensUntil = Date.now() + refusesTokensMs
      server = (await startServer(`localhost:${port}`)).server
    },
    clientConfig: (name: string, tokenLifetimeMs = hourMs) =>
      configOf('Client', name, tokenLifetimeMs, { drivers: { allow: [], unsafe: true } }),
    exporterConfig: (name: string, more: object, tokenLifetimeMs = hourMs) =>
      configOf('Exporter', name, tokenLifetimeMs, more),
    async [Symbol.asyncDispose]() {
      state.close()
      server.forceShutdown()
      routerServer.forceShutdown()
    },
  }
}

function listen(server: Server, { cert, key }: Certificates, address = 'localhost:0'): Promise<number> {
  const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) }
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createSsl(null, [pair]), (error, port) => {
      if (error === null) resolve(port)
      else reject(error)
    })
  })
}
