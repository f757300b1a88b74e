/** One driver of an exporter's tree, as the exporter reports it. */
export interface DriverReport {
  readonly uuid: string
  /** Empty for the root. */
  readonly parentUuid: string | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly description: string | undefined
  readonly methodsDescription: Readonly<Record<string, string>>
}

/** The report of an exporter about itself. */
export interface ExporterReport {
  readonly uuid: string
  readonly labels: Readonly<Record<string, string>>
  /** Parents before their children; the first is the root. */
  readonly drivers: readonly DriverReport[]
  /** A message for people who lease the exporter. */
  readonly motd?: string | undefined
}

/** The states of an exporter, by their numbers on the wire. */
export const exporterStatuses = [
  'UNSPECIFIED',
  'OFFLINE',
  'AVAILABLE',
  'BEFORE_LEASE_HOOK',
  'LEASE_READY',
  'AFTER_LEASE_HOOK',
  'BEFORE_LEASE_HOOK_FAILED',
  'AFTER_LEASE_HOOK_FAILED',
] as const

/** One of {@link exporterStatuses}. */
export type ExporterStatusName = (typeof exporterStatuses)[number]

/** An exporter's state. */
export interface ExporterState {
  readonly status: ExporterStatusName
  readonly message: string | undefined
  /** The number of changes. */
  readonly version: number
  readonly previous: ExporterStatusName | undefined
}

/** The prefix of a state's message when a hook failed and the lease goes on, as in Jumpstarter's GetStatus. */
export const hookWarningPrefix = '[HOOK_WARNING] '

/** Severities of log lines, mildest first, by Python's names, which Python's clients look up. */
export const severities = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const

/** One of {@link severities}. */
export type Severity = (typeof severities)[number]

/** The sources of log lines, by their numbers on the wire. */
export const logSources = ['UNSPECIFIED', 'DRIVER', 'BEFORE_LEASE_HOOK', 'AFTER_LEASE_HOOK', 'SYSTEM'] as const

/** One line of an exporter's log. */
export interface LogEntry {
  readonly severity: Severity
  readonly message: string
  readonly source: (typeof logSources)[number]
  /** The place of the line in the log of the session, from 1 on. Exporters of Python do not number their lines. */
  readonly number?: number | undefined
}
