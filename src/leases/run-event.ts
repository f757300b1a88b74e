import type { ErrorCode } from '../errors.ts'
import type { ExporterActivity } from '../protocol/activity.ts'
import type { LeaseEvent } from './lease-event.ts'
import type { ExporterUser, ReserveWait } from './lease.ts'

/** The user of an exporter: a test file of this run, or another process, of this machine or of another. */
export type Holder =
  | { readonly type: 'file'; readonly file: string }
  | { readonly type: 'process'; readonly process: ExporterUser }

/** An exporter that a role could use, and its user. */
interface SuitableExporter {
  readonly exporter: string
  /** Missing while nobody uses the exporter. */
  readonly holder?: Holder | undefined
}

/** The reason why a test file has no lease yet. */
export type FileWait =
  /** Exporters of the run are still starting. */
  | { readonly type: 'starting' }
  /** The file needs exporters that others use. Lists the suitable exporters of each role. */
  | { readonly type: 'held'; readonly roles: Readonly<Record<string, readonly SuitableExporter[]>> }
  /** The exporter that the file is to get cannot be reserved yet. */
  | ({ readonly exporter: string } & ReserveWait)
  /** A controller is asked for the exporter. */
  | { readonly type: 'reserving'; readonly exporter: string }
  /** The exporters are reserved and open their sessions. */
  | { readonly type: 'opening'; readonly exporters: readonly string[] }

/** The work that a worker left when its process ended. */
export type UnfinishedWork =
  | { readonly type: 'waiting'; readonly for: FileWait }
  /** The file had leases, and its tests ran. The activity is missing if the exporter cannot tell. */
  | {
      readonly type: 'tests'
      readonly exporters: readonly { readonly exporter: string; readonly activity: ExporterActivity | undefined }[]
    }
  /** The tests had ended; the exporters were being cleaned up. */
  | { readonly type: 'cleanup'; readonly exporters: readonly string[] }

/** A role that no exporter of the run can fill. */
export interface ImpossibleNeed {
  readonly file: string
  readonly role: string
  readonly selector: string
  /** The message of the error that the file's tests will get. */
  readonly reason: string
}

/** An event of an exporter of the run. */
type ExporterEvent = { readonly exporter: string } & (
  | { readonly type: 'exporterStarted'; readonly durationMs: number }
  /** The exporter did not start, and is not part of the run. */
  | { readonly type: 'exporterNotStarted'; readonly reason: string; readonly durationMs: number }
  /**
   * The exporter ended during a lease, or could not be leased or cleaned up. After the first failure it stays in the run, after
   * the second it is removed. A controller's exporter is the controller's business: it is `notOurs`.
   */
  | { readonly type: 'exporterFailed'; readonly reason: string; readonly consequence: 'kept' | 'removed' | 'notOurs' }
)

/** An event of a test file. Paths of files are relative to the project's root. */
type FileEvent = { readonly file: string } &
  /** The file waits for a new reason. */
  (
    | { readonly type: 'waiting'; readonly for: FileWait; readonly waitedMs: number }
    /** The file has waited so long for one reason that people want to know it. */
    | { readonly type: 'waitingLong'; readonly for: FileWait; readonly waitedMs: number }
    /** The file has all exporters that it can get, by role, and their sessions are open. */
    | { readonly type: 'leased'; readonly exporters: Readonly<Record<string, string>>; readonly waitedMs: number }
    /** The file does not get an exporter for a role. */
    | { readonly type: 'refused'; readonly role: string; readonly code: ErrorCode; readonly message: string }
    /** A session is open. The duration is the time that opening it took. */
    | {
        readonly type: 'sessionStarted'
        readonly role: string
        readonly exporter: string
        readonly durationMs: number
      }
    /** A session has ended. The duration is the time that ending it took; the problem is what could not be cleaned up. */
    | {
        readonly type: 'sessionEnded'
        readonly role: string
        readonly exporter: string
        readonly durationMs: number
        readonly problem: string | undefined
      }
    /** The file has given its exporters back, after it kept them from other files for some time. */
    | { readonly type: 'released'; readonly heldMs: number }
    /** The file's worker has ended before its work. */
    | { readonly type: 'workerExited'; readonly during: UnfinishedWork }
    /** A test failed with a hardware error on these exporters, and runs again. */
    | {
        readonly type: 'retried'
        readonly test: string
        readonly exporters: readonly string[]
        readonly code: ErrorCode | undefined
        readonly message: string
      }
  )

/** An event of the whole run. */
type WholeRunEvent =
  /** Needs that no exporter can meet, found before the files run. */
  | {
      readonly type: 'impossibleNeeds'
      readonly needs: readonly ImpossibleNeed[]
      /** A remedy, where all needs have the same one. */
      readonly advice: string | undefined
    }
  /** All tests that need hardware were skipped, because no exporter has it. */
  | { readonly type: 'hardwareSkipped'; readonly tests: number; readonly files: readonly string[] }
  /** A signal ends the run. */
  | { readonly type: 'interrupted'; readonly signal: NodeJS.Signals }
  /** The run did not end in time after a signal, and is killed. */
  | {
      readonly type: 'interruptTimedOut'
      readonly signal: NodeJS.Signals
      readonly waitedFor: 'tests' | 'exporters'
      readonly limitMs: number
    }

/**
 * Something that happened to the hardware of a run, as facts. Listeners are called at the moment of the event; durations are
 * in milliseconds. `describe()` in describe-event.ts says an event in words.
 */
export type RunEvent = ExporterEvent | FileEvent | LeaseEvent | WholeRunEvent
