import type { ErrorCode } from '../errors.ts'
import type { Lease } from '../leases/lease.ts'

/** The key under which the plugin provides {@link HardwareContext} to test files. */
export const contextKey = 'vitest-hardware'

/** What the plugin tells every test file. */
export interface HardwareContext {
  /** The socket of the broker, which grants leases. */
  readonly broker: string
  /** How long a file waits for its leases, in milliseconds. */
  readonly leaseTimeoutMs: number
  /** What becomes of tests whose hardware no exporter of the run has. */
  readonly onMissing: 'fail' | 'skip'
  /** How often a test that the hardware has failed is tried again. */
  readonly retry: number
  /** Packages from which clients may be imported. */
  readonly allow: readonly string[]
}

/** What one file asks for: a selector for each of its roles. All of them are granted together. */
export interface LeaseRequest {
  readonly type: 'acquire'
  /** The test file, for messages. */
  readonly file: string
  readonly roles: Readonly<Record<string, string>>
  /** Exporters that it had and that failed; it gets others where there are some. */
  readonly avoid?: readonly string[]
}

/** A test is tried again, because its hardware has failed. */
export interface TestRetry {
  readonly type: 'retry'
  /** Its name, with those of its suites. */
  readonly test: string
  readonly exporters: readonly string[]
  /** What it failed with. */
  readonly message: string
}

/** What the broker says to one role. */
export type RoleGrant =
  | {
      readonly granted: true
      readonly exporter: string
      readonly endpoint: Lease['endpoint']
      /** Whether the run has started the exporter, or leased it from a controller, and so says when it has gone. */
      readonly local: boolean
    }
  | { readonly granted: false; readonly code: ErrorCode; readonly message: string }

/** What a file sends on its connection to the broker, which is the lease: when it closes, the lease is over. */
export type ToBroker = LeaseRequest | TestRetry | { readonly type: 'release' }

/** What the broker answers. */
export type FromBroker =
  /** Nothing is free yet; `message` says who holds it. */
  | { readonly type: 'waiting'; readonly message: string }
  | {
      readonly type: 'decided'
      readonly roles: Readonly<Record<string, RoleGrant>>
      /** The longest that ending the leases takes, in milliseconds. */
      readonly releaseTimeoutMs: number
    }
  /** An exporter has gone before its lease was released. */
  | { readonly type: 'lost'; readonly exporter: string; readonly code: ErrorCode; readonly message: string }
  /** The run is cancelled: what is done before the tests is to end. */
  | { readonly type: 'cancelled' }
  /** The leases are over; `problems` is what could not be cleaned up. */
  | { readonly type: 'released'; readonly problems: readonly string[] }

declare module 'vitest' {
  interface ProvidedContext {
    [contextKey]: HardwareContext
  }
}
