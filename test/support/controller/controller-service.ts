import { setTimeout as delay } from 'node:timers/promises'
import { create } from '@bufbuild/protobuf'
import {
  type Metadata,
  type ServerWritableStream,
  status as Status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'

import { ExporterStatus } from '../../../src/protocol/generated/jumpstarter/v1/common_pb.ts'
import {
  type GetLeaseRequest,
  GetLeaseResponseSchema,
  ListLeasesResponseSchema,
  type RequestLeaseRequest,
  RequestLeaseResponseSchema,
  DialResponseSchema,
  type DialRequest,
  type ListenRequest,
  ListenResponseSchema,
  type ListenResponse,
  RegisterResponseSchema,
  type RegisterRequest,
  ReleaseLeaseResponseSchema,
  type ReleaseLeaseRequest,
  ReportStatusResponseSchema,
  type ReportStatusRequest,
  type StatusRequest,
  type StatusResponse,
  StatusResponseSchema,
  UnregisterResponseSchema,
} from '../../../src/protocol/generated/jumpstarter/v1/jumpstarter_pb.ts'
import { formatRequirement, type Requirement } from '../../../src/base/selector.ts'
import { failure, type Kind } from './authenticate.ts'
import { unary } from './handlers.ts'
import type { Router } from './router.ts'
import type { ControllerState, KnownExporter, KnownLease } from './state.ts'

/** How long a client that dials too early is held, in milliseconds: half a second, then one, then two …, 30 s in all. */
const dialBackoffMs = [500, 1_000, 2_000, 3_000, 3_000, 3_000, 3_000, 3_000, 3_000, 3_000, 3_000, 2_500]
/** How many dials wait for an exporter that does not read them. */
const maxQueued = 8
/** With which an exporter can be dialled; it has not reported any with the first. */
const dialable: ReadonlySet<ExporterStatus> = new Set([
  ExporterStatus.UNSPECIFIED,
  ExporterStatus.LEASE_READY,
  ExporterStatus.BEFORE_LEASE_HOOK,
  ExporterStatus.AFTER_LEASE_HOOK,
])
const statusNames = new Map<ExporterStatus, string>([
  [ExporterStatus.OFFLINE, 'Offline'],
  [ExporterStatus.AVAILABLE, 'Available'],
  [ExporterStatus.BEFORE_LEASE_HOOK_FAILED, 'BeforeLeaseHookFailed'],
  [ExporterStatus.AFTER_LEASE_HOOK_FAILED, 'AfterLeaseHookFailed'],
])

/** What the service needs of the rest of the controller. */
export interface ControllerServiceOptions {
  readonly state: ControllerState
  readonly router: Router
  readonly routerEndpoint: () => string
  readonly authenticate: (metadata: Metadata, kind: Kind) => string
}

/** `jumpstarter.v1.ControllerService`, as the real one behaves. */
export function controllerServiceOf(options: ControllerServiceOptions): UntypedServiceImplementation {
  const { state, router, routerEndpoint, authenticate } = options
  /** The Listen streams of exporters, by the names of their leases. */
  const listeners = new Map<string, ServerWritableStream<ListenRequest, ListenResponse>>()

  const exporterOf = (metadata: Metadata): KnownExporter => {
    const exporter = state.exporters.get(authenticate(metadata, 'Exporter'))
    if (exporter === undefined) throw failure(Status.UNKNOWN, 'exporter not found')
    return exporter
  }
  const leaseOf = (name: string): KnownLease => {
    const lease = state.leases.get(name)
    if (lease === undefined) throw failure(Status.UNKNOWN, `leases.jumpstarter.dev "${name}" not found`)
    return lease
  }

  return {
    register: unary((request: RegisterRequest, metadata) => {
      const exporter = exporterOf(metadata)
      // Others are the administrator's.
      const own = Object.entries(exporter.labels).filter(([key]) => !key.startsWith('jumpstarter.dev/'))
      const registered = Object.entries(request.labels).filter(([key]) => key.startsWith('jumpstarter.dev/'))
      exporter.labels = Object.fromEntries([...own, ...registered])
      exporter.reports = request.reports
      state.changed()
      return create(RegisterResponseSchema, { uuid: exporter.uuid })
    }),

    unregister: unary((_request, metadata) => {
      const exporter = exporterOf(metadata)
      exporter.reports = []
      state.setStatus(exporter, ExporterStatus.OFFLINE)
      return create(UnregisterResponseSchema)
    }),

    reportStatus: unary((request: ReportStatusRequest, metadata) => {
      const exporter = exporterOf(metadata)
      state.setStatus(exporter, request.status)
      exporter.message = request.message ?? ''
      if (request.releaseLease === true && exporter.lease !== undefined) state.release(exporter.lease)
      return create(ReportStatusResponseSchema)
    }),

    // What clients used before jumpstarter.client.v1.
    requestLease: unary((request: RequestLeaseRequest, metadata) => {
      const client = authenticate(metadata, 'Client')
      const { matchLabels = {}, matchExpressions = [] } = request.selector ?? {}
      const terms = [
        ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
        ...matchExpressions.map((expression) => formatRequirement(expression as Requirement)),
      ]
      const durationMs = Number(request.duration?.seconds ?? 0n) * 1000
      if (terms.length === 0) throw failure(Status.INVALID_ARGUMENT, 'selector is required')
      const selector = terms.join(',')
      return create(RequestLeaseResponseSchema, { name: state.create({ client, selector, durationMs }).name })
    }),

    getLease: unary((request: GetLeaseRequest, metadata) => {
      authenticate(metadata, 'Client')
      const { durationMs, begin, end, exporter, conditions } = leaseOf(request.name)
      return create(GetLeaseResponseSchema, {
        duration: { seconds: BigInt(durationMs / 1000) },
        ...(begin === undefined ? {} : { beginTime: { seconds: BigInt(begin / 1000) } }),
        ...(end === undefined ? {} : { endTime: { seconds: BigInt(Math.floor(end / 1000)) } }),
        ...(exporter === undefined ? {} : { exporterUuid: exporter.uuid }),
        conditions: conditions.map((condition) => ({ ...condition, status: condition.status ? 'True' : 'False' })),
      })
    }),

    listLeases: unary((_request, metadata) => {
      const client = authenticate(metadata, 'Client')
      const own = [...state.leases.values()].filter((lease) => lease.client === client && lease.end === undefined)
      return create(ListLeasesResponseSchema, { names: own.map(({ name }) => name) })
    }),

    releaseLease: unary((request: ReleaseLeaseRequest, metadata) => {
      const lease = leaseOf(request.name)
      const isExporter = metadata.get('jumpstarter-kind')[0] === 'Exporter'
      const mayEnd = isExporter
        ? exporterOf(metadata) === lease.exporter
        : authenticate(metadata, 'Client') === lease.client
      if (!mayEnd) throw failure(Status.UNKNOWN, 'permission denied')
      state.release(lease)
      return create(ReleaseLeaseResponseSchema)
    }),

    status: (call: ServerWritableStream<StatusRequest, StatusResponse>) => {
      let exporter: KnownExporter
      try {
        exporter = exporterOf(call.metadata)
      } catch (error) {
        call.emit('error', error as Error)
        return
      }
      let last: KnownLease | undefined | null = null
      const tell = (changed: KnownExporter) => {
        if (changed !== exporter || exporter.lease === last) return
        last = exporter.lease
        const lease = exporter.lease
        call.write(
          create(
            StatusResponseSchema,
            lease === undefined ? {} : { leased: true, leaseName: lease.name, clientName: lease.client },
          ),
        )
      }
      state.events.on('lease', tell)
      call.on('error', () => undefined)
      call.once('close', () => {
        exporter.streams--
        state.events.off('lease', tell)
      })
      state.comeOnline(exporter)
      tell(exporter)
    },

    listen: (call: ServerWritableStream<ListenRequest, ListenResponse>) => {
      const { leaseName } = call.request
      try {
        if (leaseOf(leaseName).exporter !== exporterOf(call.metadata)) {
          throw failure(Status.PERMISSION_DENIED, 'permission denied')
        }
      } catch (error) {
        call.emit('error', error as Error)
        return
      }
      listeners.set(leaseName, call)
      call.on('error', () => undefined)
      call.once('close', () => {
        if (listeners.get(leaseName) === call) listeners.delete(leaseName)
      })
    },

    dial: unary(async (request: DialRequest, metadata, call) => {
      const client = authenticate(metadata, 'Client')
      const lease = leaseOf(request.leaseName)
      if (lease.client !== client) throw failure(Status.UNKNOWN, 'permission denied')
      const { exporter } = lease
      if (exporter === undefined || lease.end !== undefined) {
        throw failure(Status.FAILED_PRECONDITION, 'lease is not active')
      }
      for (const ms of dialBackoffMs) {
        if (exporter.status !== ExporterStatus.AVAILABLE || lease.end !== undefined || call.cancelled) break
        await delay(ms)
      }
      if (!dialable.has(exporter.status)) {
        const message = `exporter is not ready (status: ${statusNames.get(exporter.status) ?? ''})`
        throw failure(Status.FAILED_PRECONDITION, message)
      }
      const listener = listeners.get(lease.name)
      if (listener === undefined) {
        throw failure(Status.UNAVAILABLE, `exporter is not listening on lease ${lease.name}`)
      }
      if (listener.writableLength >= maxQueued)
        throw failure(Status.RESOURCE_EXHAUSTED, 'too many dials wait for the exporter')
      const tunnel = { routerEndpoint: routerEndpoint(), routerToken: router.createToken() }
      listener.write(create(ListenResponseSchema, tunnel))
      return create(DialResponseSchema, tunnel)
    }),
  }
}
