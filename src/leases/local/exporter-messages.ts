import type { ErrorCode, ErrorDetails, ErrorOrigin } from '../../errors.ts'
import type { ExporterActivity } from '../../protocol/activity.ts'
import type { LockOwner } from '../machine-lock/claim.ts'

/** A request of a run to the process of an exporter. Each request has its own id. */
export type ExporterRequest =
  /** Wait until no other process of this machine uses the exporter. If its last user has died, make its devices safe. */
  | { readonly type: 'reserve'; readonly id: number; readonly owner: Omit<LockOwner, 'since'> }
  /** Let other processes use the exporter, or end the wait for it. */
  | { readonly type: 'free'; readonly id: number }
  | { readonly type: 'open'; readonly id: number }
  | { readonly type: 'close'; readonly id: number }
  /** Confirm that the process lives. Sent again and again while a request takes long. */
  | { readonly type: 'ping'; readonly id: number }
  /** Report the last actions of the session's clients. */
  | { readonly type: 'activity'; readonly id: number }

/** A message of a run to the process of an exporter. `stop`: close the drivers, remove all files, and end. */
export type ToExporter = ExporterRequest | { readonly type: 'stop' }

/** An error in a message. */
export interface FailureFacts {
  readonly code: ErrorCode
  readonly message: string
  readonly origin: ErrorOrigin
  readonly details?: ErrorDetails | undefined
}

/** A message of the process. `id` is that of the request; `folder`, `ready`, and `failed` during the start have none. */
export type FromExporter =
  /** The folder of all sockets and temporary files. The process removes it, unless it is killed. */
  | { readonly type: 'folder'; readonly path: string }
  | {
      readonly type: 'ready'
      readonly name: string
      readonly labels: Readonly<Record<string, string>>
      readonly warnings: readonly string[]
      /** The key of the exporter's lock on this machine. */
      readonly lockKey: string
      /** The time limits of the hooks before and after a lease, in milliseconds. */
      readonly hooksMs: { readonly before: number; readonly after: number }
    }
  /** The request has arrived. Sent at once; a process that does not send it hangs. */
  | { readonly type: 'received'; readonly id: number }
  /** Another process uses the exporter. */
  | { readonly type: 'waiting'; readonly id: number; readonly holder: LockOwner }
  | { readonly type: 'opened'; readonly id: number; readonly address: string }
  | { readonly type: 'activity'; readonly id: number; readonly activity: ExporterActivity }
  /** Another request is done. */
  | { readonly type: 'done'; readonly id: number }
  /** The open session has failed without a request. Its devices are made safe; it still has to be closed. */
  | ({ readonly type: 'sessionFailed' } & FailureFacts)
  | ({
      readonly type: 'failed'
      readonly id?: number | undefined
      /** A hook has taken the exporter out of service. */
      readonly outOfService?: boolean | undefined
    } & FailureFacts)
