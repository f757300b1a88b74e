import { type Duration, timestampDate } from '@bufbuild/protobuf/wkt'

import { type ExporterStatusName, exporterStatuses } from './channel.ts'
import type { Exporter, Lease } from './generated/jumpstarter/client/v1/client_pb.ts'
import type { Condition } from './generated/jumpstarter/v1/kubernetes_pb.ts'

/** Where a controller is, and who calls it. */
export interface ControllerEndpoint {
  /** `host:port`; there is always TLS. */
  readonly address: string
  /** Certificates, in PEM, of the authorities to trust instead of the system's. */
  readonly ca?: string | undefined
  /** Do not check the certificates of controller and router. */
  readonly insecure?: boolean | undefined
  readonly namespace: string
  readonly name: string
  readonly token: string
  /** Options of gRPC's own, for its connections to controller and router. */
  readonly grpcOptions?: Readonly<Record<string, string | number>> | undefined
}

/** An exporter as the controller knows it. */
export interface ControllerExporter {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly online: boolean
  readonly status: ExporterStatusName
  readonly statusMessage: string
}

/** What a controller says of a lease's state. */
interface LeaseCondition {
  readonly type: string
  readonly holds: boolean
  readonly reason: string
  readonly message: string
}

/** A lease as the controller has it; names are without their namespaces. */
export interface ControllerLeaseState {
  readonly name: string
  readonly selector: string
  readonly client: string
  /** The exporter that was asked for by name, where one was. */
  readonly wanted?: string | undefined
  readonly exporter: string | undefined
  readonly durationMs: number
  readonly begin: Date | undefined
  readonly end: Date | undefined
  readonly conditions: readonly LeaseCondition[]
  readonly tags: Readonly<Record<string, string>>
  /** Whether its controller is too old to extend it. */
  readonly isFixed?: boolean
}

/** What a lease is asked for with. */
export interface LeaseWishes {
  readonly name?: string
  readonly selector: string
  /** The only exporter that will do. */
  readonly exporter?: string | undefined
  readonly durationMs: number
  /** When it is to begin (default at once). */
  readonly begin?: Date | undefined
  /** What a controller is asked for that cannot extend it (default the same), in milliseconds. */
  readonly maxDurationMs?: number | undefined
  /** Labels of the lease, for whoever lists leases. */
  readonly tags?: Readonly<Record<string, string>>
  /** What its exporter is told of it. */
  readonly context?: Readonly<Record<string, string>>
}

/** One end of a tunnel through a router. */
export interface TunnelEndpoint {
  readonly endpoint: string
  readonly token: string
}

/** A lease from the controller's message. */
export function readLease(lease: Lease): ControllerLeaseState {
  const { effectiveBeginTime: begin, effectiveEndTime: end } = lease
  return {
    name: bareName(lease.name),
    selector: lease.selector,
    client: bareName(lease.client ?? ''),
    wanted: lease.exporterName || undefined,
    exporter: lease.exporter === undefined || lease.exporter === '' ? undefined : bareName(lease.exporter),
    durationMs: fromDuration(lease.duration),
    begin: begin === undefined ? undefined : timestampDate(begin),
    end: end === undefined ? undefined : timestampDate(end),
    conditions: readConditions(lease.conditions),
    tags: lease.tags,
  }
}

/** What a lease's state is, from the conditions that Kubernetes keeps. */
export function readConditions(conditions: readonly Condition[]): LeaseCondition[] {
  return conditions.map(({ type = '', status, reason = '', message = '' }) => {
    return { type, holds: status === 'True', reason, message }
  })
}

/** An exporter from the controller's message. */
export function readExporter({ name, labels, online, status, statusMessage }: Exporter): ControllerExporter {
  return { name: bareName(name), labels, online, status: exporterStatuses[status] ?? 'UNSPECIFIED', statusMessage }
}

function bareName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

/** Milliseconds of a duration; 0 where there is none. */
export function fromDuration(duration: Duration | undefined): number {
  return duration === undefined ? 0 : Number(duration.seconds) * 1000 + duration.nanos / 1_000_000
}

/** A duration of milliseconds. */
export function toDuration(ms: number) {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.round(ms % 1000) * 1_000_000 }
}
