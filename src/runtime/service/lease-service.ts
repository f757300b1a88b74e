import {
  Metadata,
  type ServerDuplexStream,
  type ServerInterceptor,
  ServerInterceptingCall,
  status as Status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'

import { isRecord } from '../../base/check.ts'
import { startTimer, stopTimer } from '../../base/clock.ts'
import {
  type FromLeases,
  type LeaseClient,
  leaseKeyName,
  placeOf,
  readClient,
  silenceMs,
} from '../../protocol/lease-service.ts'
import { exporterService, routerService } from '../../protocol/services.ts'
import type { ClientLeases } from '../client-leases.ts'

/** The methods that use drivers. Reports, states and the log are free for all clients. */
const driverPaths: ReadonlySet<string> = new Set([
  exporterService.driverCall.path,
  exporterService.streamingDriverCall.path,
  routerService.stream.path,
])

/** Carries the leases of an exporter. */
export function createLeaseService(leases: ClientLeases): UntypedServiceImplementation {
  return {
    take(call: ServerDuplexStream<unknown, FromLeases>): void {
      let leave: (() => void) | undefined
      let hasEnded = false
      const end = () => {
        hasEnded = true
        stopTimer(silence)
        leave?.()
        leave = undefined
      }
      const fail = (code: Status, details: string) => {
        if (hasEnded) return
        end()
        call.emit('error', { code, details, metadata: new Metadata() })
      }
      const listen = () =>
        startTimer(() => fail(Status.DEADLINE_EXCEEDED, `no sign of life within ${silenceMs} ms`), silenceMs).unref()
      let silence = listen()
      call.on('data', (message: unknown) => {
        if (hasEnded) return
        stopTimer(silence)
        silence = listen()
        if (leave !== undefined) return
        const client = isRecord(message) && message['type'] === 'take' ? readClient(message['client']) : undefined
        if (client === undefined) fail(Status.INVALID_ARGUMENT, 'the first message has to name the client')
        else leave = leases.take(client, (answer) => call.write(answer))
      })
      call.on('end', () => {
        end()
        call.end()
      })
      call.on('cancelled', end)
      call.on('error', end)
    },
  }
}

/** Refuses calls to drivers while another client has the lease, as calls before the session are refused. */
export function leaseInterceptor(leases: ClientLeases): ServerInterceptor {
  return ({ path }, call) => {
    if (!driverPaths.has(path)) return new ServerInterceptingCall(call)
    let end: () => void = () => undefined
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => {
            const key = metadata.get(leaseKeyName)[0]?.toString()
            const refusal = leases.refusalOf(key)
            if (refusal === undefined) {
              if (key === undefined) end = leases.beginCall(call.getPeer())
              proceed(metadata)
              return
            }
            const reason =
              refusal === 'over' ? 'the lease of this client is over' : `it is leased by ${nameOf(refusal)}`
            const details = `Exporter not ready for driver calls: ${reason}`
            call.sendStatus({ code: Status.FAILED_PRECONDITION, details, metadata: new Metadata() })
          },
          onCancel: () => end(),
        }),
      sendStatus: (status, next) => {
        end()
        next(status)
      },
    })
  }
}

function nameOf(client: LeaseClient): string {
  return `${client.command}${placeOf(client)}, since ${new Date(client.since).toISOString()}`
}
