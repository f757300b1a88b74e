import type { ErrorCode, ErrorDetails, ErrorOrigin } from '../errors.ts'
import type { Lease } from '../leases/lease.ts'

/** The key under which the plugin provides {@link HardwareContext} to test files. */
export const contextKey = 'vitest-hardware'

/** The values that the plugin provides to every test file. */
export interface HardwareContext {
  /** The socket of the broker, which grants leases. */
  readonly broker: string
  /** The longest time that a file waits for its leases, in milliseconds. */
  readonly leaseTimeoutMs: number
  /** The result of tests whose hardware no exporter of the run has, while all exporters work. */
  readonly onMissing: 'fail' | 'skip'
  /** The number of times that a test runs again when its hardware has failed. */
  readonly retry: number
  /** The tests whose evidence is attached: their steps, and the output of the consoles. */
  readonly evidence: 'off' | 'on-failure' | 'on'
  /** True if the run's Vitest shows the steps of a test below its error, and in its trace viewer. */
  readonly hasTraceViewer: boolean
  /** The version of the run's Vitest. */
  readonly vitestVersion: string
  /** Packages from which clients may be imported. */
  readonly allow: readonly string[]
  /** The name of Vitest's project; empty if the run has one project without a name. */
  readonly project: string
  /** True for `vitest list`, which loads the test files to list their tests, and runs nothing. */
  readonly isListing: boolean
}

/** The hardware of one test, for reports. */
export interface TestHardware {
  /** The names of the exporters, by the roles of the test file. */
  readonly exporters: Readonly<Record<string, string>>
  /** The code of the test's error, if it is a HardwareError. */
  readonly code?: ErrorCode
  /** The party that has to act on the test's error. */
  readonly origin?: ErrorOrigin
  /** The step that failed, or the last one before the failure, as code: `dut.console.expect("login: ")`. */
  readonly step?: string
}

/** The request of one file: a selector for each of its roles. All of them are granted together. */
export interface LeaseRequest {
  readonly type: 'acquire'
  /** The full path of the test file. */
  readonly file: string
  /** The name of its project in Vitest. */
  readonly project?: string
  /** The worker's process. */
  readonly pid?: number
  readonly roles: Readonly<Record<string, string>>
  /** The exporters on which a test of the file failed. The file gets other exporters if there are some. */
  readonly avoid?: readonly string[]
}

/** A test is tried again, because its hardware has failed. */
export interface TestRetry {
  readonly type: 'retry'
  /** The name of the test, after the names of its suites. */
  readonly test: string
  readonly exporters: readonly string[]
  /** The error of the test. */
  readonly code?: ErrorCode | undefined
  readonly message: string
}

/** The broker's answer to one role. */
export type RoleGrant =
  | {
      readonly granted: true
      readonly exporter: string
      readonly endpoint: Lease['endpoint']
      /** True if the run notices the end of the exporter, or of its lease, so that the broker reports it. */
      readonly reportsEnd: boolean
    }
  | RoleRefusal

/** The error that the tests of a role get instead of an exporter. */
export interface RoleRefusal {
  readonly granted: false
  readonly code: ErrorCode
  /** The party that has to act (default: that of the code). */
  readonly origin?: ErrorOrigin | undefined
  readonly message: string
  readonly details?: ErrorDetails | undefined
}

/** The messages of a file to the broker. Their connection is the lease: when it closes, the lease is over. */
export type ToBroker = LeaseRequest | TestRetry | { readonly type: 'release' }

/** An event of the run as JSON, with its type. */
export type PlainEvent = { readonly type: string } & Readonly<Record<string, unknown>>

/** The messages of the broker to a file. */
export type FromBroker =
  /** The file waits; the message is the reason. */
  | { readonly type: 'waiting'; readonly message: string }
  | {
      readonly type: 'decided'
      readonly roles: Readonly<Record<string, RoleGrant>>
      /** The longest time that the end of the leases takes, in milliseconds. */
      readonly releaseTimeoutMs: number
    }
  /** An exporter has ended before its lease was released. */
  | {
      readonly type: 'lost'
      readonly exporter: string
      readonly code: ErrorCode
      readonly origin: ErrorOrigin
      readonly message: string
    }
  /** Something happened to the file's hardware, at a time in milliseconds since 1970. */
  | { readonly type: 'event'; readonly at: number; readonly event: PlainEvent }
  /** The run is cancelled, so that set-up before the tests has to end. */
  | { readonly type: 'cancelled' }
  /** The leases are over; the problems are those of the clean-up. */
  | { readonly type: 'released'; readonly problems: readonly string[] }
