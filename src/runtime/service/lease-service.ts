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
import { cutText } from '../../base/cut-text.ts'
import { messageOf } from '../../errors.ts'
import { type FromLeases, type LeaseClient, placeOf, readClient, silenceMs } from '../../protocol/lease-messages.ts'
import { leaseKeyName, unsafeStatus } from '../../protocol/lease-service.ts'
import { exporterService, routerService } from '../../protocol/services.ts'
import type { ClientLeases } from '../client-leases.ts'

/** The longest reason why devices are not safe, in characters: gRPC limits the size of a status. */
const maxDetailsLength = 800

/** The methods that use drivers. Reports, states and the log are free for all clients. */
const driverPaths: ReadonlySet<string> = new Set([
  exporterService.driverCall.path,
  exporterService.streamingDriverCall.path,
  routerService.stream.path,
])

/**
 * Carries the leases of an exporter.
 *
 * @param silentMs the time after which a client without a sign of life loses its lease, in milliseconds
 */
export function createLeaseService(leases: ClientLeases, silentMs = silenceMs): UntypedServiceImplementation {
  return {
    take(call: ServerDuplexStream<unknown, FromLeases>): void {
      let leave: (() => Promise<void>) | undefined
      let hasEnded = false
      /** Ends the wait, or the lease. @returns the reason why the devices are not safe, if they are not */
      const end = async (): Promise<string | undefined> => {
        hasEnded = true
        stopTimer(silence)
        const leaving = leave?.()
        leave = undefined
        return leaving?.then(() => undefined, messageOf)
      }
      const answer = (code: Status, details: string) =>
        call.emit('error', { code, details: cutText(details, maxDetailsLength), metadata: new Metadata() })
      const fail = (code: Status, details: string) => {
        if (hasEnded) return
        void end()
        answer(code, details)
      }
      const listen = () =>
        startTimer(() => fail(Status.DEADLINE_EXCEEDED, `no sign of life within ${silentMs} ms`), silentMs).unref()
      let silence = listen()
      call.on('data', (message: unknown) => {
        if (hasEnded) return
        stopTimer(silence)
        silence = listen()
        if (leave !== undefined) return
        const client = isRecord(message) && message['type'] === 'take' ? readClient(message['client']) : undefined
        if (client === undefined) fail(Status.INVALID_ARGUMENT, 'the first message has to name the client')
        else leave = leases.take(client, (message) => call.write(message))
      })
      call.on('end', () => {
        if (hasEnded) return
        void end().then((problem) => (problem === undefined ? call.end() : answer(unsafeStatus, problem)))
      })
      call.on('cancelled', () => void end())
      call.on('error', () => void end())
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
            const details = `Exporter not ready for driver calls: ${reasonOf(refusal)}`
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

function reasonOf(refusal: NonNullable<ReturnType<ClientLeases['refusalOf']>>): string {
  if (refusal === 'over') return 'the lease of this client is over'
  if (refusal === 'ending') return 'its devices are made safe after a lease'
  return `it is leased by ${nameOf(refusal)}`
}

function nameOf(client: LeaseClient): string {
  return `${client.command}${placeOf(client)}, since ${new Date(client.since).toISOString()}`
}
