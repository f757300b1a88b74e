import { type Duration, timestampDate } from '@bufbuild/protobuf/wkt'

import { type ExporterStatusName, exporterStatuses } from '../exporter.ts'
import type { Exporter, Lease } from '../generated/jumpstarter/client/v1/client_pb.ts'
import type { Condition } from '../generated/jumpstarter/v1/kubernetes_pb.ts'

/** The address of a controller, and the client that calls it. */
export interface ControllerEndpoint {
  /** `host:port`; always with TLS. */
  readonly address: string
  /** Certificates, in PEM, of the authorities to trust instead of the system's. */
  readonly ca?: string | undefined
  /** Do not check the certificates of controller and router. */
  readonly insecure?: boolean | undefined
  readonly namespace: string
  readonly name: string
  readonly token: string
  /** Options of gRPC for the connections to controller and router. */
  readonly grpcOptions?: Readonly<Record<string, string | number>> | undefined
}

/** An exporter as the controller knows it. */
export interface RegisteredExporter {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly online: boolean
  readonly status: ExporterStatusName
  readonly statusMessage: string
}

/** A condition of a lease, as Kubernetes has them. */
interface LeaseCondition {
  readonly type: string
  readonly holds: boolean
  readonly reason: string
  readonly message: string
}

/** A lease as the controller reports it; names are without their namespaces. */
export interface LeaseStatus {
  readonly name: string
  readonly selector: string
  readonly client: string
  /** The exporter, if the client asked for it by name. */
  readonly requestedExporter?: string | undefined
  readonly exporter: string | undefined
  readonly durationMs: number
  readonly begin: Date | undefined
  readonly end: Date | undefined
  readonly conditions: readonly LeaseCondition[]
  readonly tags: Readonly<Record<string, string>>
  /** The controller can extend it; the oldest ones cannot. */
  readonly isExtendable: boolean
}

/** The lease that a client asks for. */
export interface LeaseSpec {
  readonly name?: string
  readonly selector: string
  /** The only exporter that will do. */
  readonly exporter?: string | undefined
  readonly durationMs: number
  /** The begin of the lease (default at once). */
  readonly begin?: Date | undefined
  /** The duration, in milliseconds, for a controller that cannot extend a lease (default `durationMs`). */
  readonly maxDurationMs?: number | undefined
  /** Labels of the lease, shown in lists of leases. */
  readonly tags?: Readonly<Record<string, string>>
  /** Facts about the lease for its exporter. */
  readonly context?: Readonly<Record<string, string>>
}

/** One end of a tunnel through a router. */
export interface TunnelEndpoint {
  readonly endpoint: string
  readonly token: string
}

/** Reads a lease from the controller's message. */
export function readLease(lease: Lease): LeaseStatus {
  const { effectiveBeginTime: begin, effectiveEndTime: end } = lease
  return {
    name: bareName(lease.name),
    selector: lease.selector,
    client: bareName(lease.client ?? ''),
    requestedExporter: lease.exporterName || undefined,
    exporter: lease.exporter === undefined || lease.exporter === '' ? undefined : bareName(lease.exporter),
    durationMs: fromDuration(lease.duration),
    begin: begin === undefined ? undefined : timestampDate(begin),
    end: end === undefined ? undefined : timestampDate(end),
    conditions: readConditions(lease.conditions),
    tags: lease.tags,
    isExtendable: true,
  }
}

/** Reads the conditions that Kubernetes keeps. */
export function readConditions(conditions: readonly Condition[]): LeaseCondition[] {
  return conditions.map(({ type = '', status, reason = '', message = '' }) => {
    return { type, holds: status === 'True', reason, message }
  })
}

/** Reads an exporter from the controller's message. */
export function readExporter({ name, labels, online, status, statusMessage }: Exporter): RegisteredExporter {
  return { name: bareName(name), labels, online, status: exporterStatuses[status] ?? 'UNSPECIFIED', statusMessage }
}

function bareName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

/** The milliseconds of a duration; 0 without one. */
export function fromDuration(duration: Duration | undefined): number {
  return duration === undefined ? 0 : Number(duration.seconds) * 1000 + duration.nanos / 1_000_000
}

/** Makes a duration of milliseconds. */
export function toDuration(ms: number) {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.round(ms % 1000) * 1_000_000 }
}
