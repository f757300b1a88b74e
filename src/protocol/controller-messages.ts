import { type Duration, timestampDate } from '@bufbuild/protobuf/wkt'

import { type ExporterStatusName, exporterStatuses } from './channel.ts'
import type { Exporter, Lease } from './generated/jumpstarter/client/v1/client_pb.ts'

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
  readonly exporter: string | undefined
  readonly durationMs: number
  readonly begin: Date | undefined
  readonly end: Date | undefined
  readonly conditions: readonly LeaseCondition[]
  readonly tags: Readonly<Record<string, string>>
}

/** What a lease is asked for with. */
export interface LeaseWishes {
  readonly selector: string
  /** The only exporter that will do. */
  readonly exporter?: string | undefined
  readonly durationMs: number
  readonly tags?: Readonly<Record<string, string>>
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
    exporter: lease.exporter === undefined || lease.exporter === '' ? undefined : bareName(lease.exporter),
    durationMs: fromDuration(lease.duration),
    begin: begin === undefined ? undefined : timestampDate(begin),
    end: end === undefined ? undefined : timestampDate(end),
    conditions: lease.conditions.map(({ type = '', status, reason = '', message = '' }) => ({
      type,
      holds: status === 'True',
      reason,
      message,
    })),
    tags: lease.tags,
  }
}

/** An exporter from the controller's message. */
export function readExporter({ name, labels, online, status, statusMessage }: Exporter): ControllerExporter {
  return { name: bareName(name), labels, online, status: exporterStatuses[status] ?? 'UNSPECIFIED', statusMessage }
}

function bareName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

function fromDuration(duration: Duration | undefined): number {
  return duration === undefined ? 0 : Number(duration.seconds) * 1000 + duration.nanos / 1_000_000
}
