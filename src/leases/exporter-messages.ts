import type { ErrorCode } from '../errors.ts'
import type { ExporterActivity } from '../protocol/activity.ts'
import type { LockOwner } from './machine-lock-claim.ts'

/** What a run asks of the process of an exporter that it has started. Each request has an id of its own. */
export type ExporterRequest =
  /** Wait until no other process of this machine uses the exporter. Where one that did has died, its devices are made safe. */
  | { readonly type: 'reserve'; readonly id: number; readonly owner: Omit<LockOwner, 'since'> }
  /** Let others use it; ends a wait, too. */
  | { readonly type: 'free'; readonly id: number }
  | { readonly type: 'open'; readonly id: number }
  | { readonly type: 'close'; readonly id: number }
  /** Are you there? While a request takes long, it is asked again and again. */
  | { readonly type: 'ping'; readonly id: number }
  /** What do the clients of the session do? */
  | { readonly type: 'activity'; readonly id: number }

/** What a run tells the process of an exporter; `stop`: close the drivers, leave nothing behind, and end. */
export type ToExporter = ExporterRequest | { readonly type: 'stop' }

/** What the process answers. `id` is the request's; `folder`, `ready` and the first `failed` have none. */
export type FromExporter =
  /** Has all its sockets and temporary files; it removes it unless it is killed. */
  | { readonly type: 'folder'; readonly path: string }
  | {
      readonly type: 'ready'
      readonly name: string
      readonly labels: Readonly<Record<string, string>>
      readonly warnings: readonly string[]
      /** What stands for it on this machine. */
      readonly lockKey: string
      /** How long its hooks may take, before and after a lease. */
      readonly hooksMs: { readonly before: number; readonly after: number }
    }
  /** Comes at once, so that a process that hangs is known. */
  | { readonly type: 'received'; readonly id: number }
  /** Another process uses it. */
  | { readonly type: 'waiting'; readonly id: number; readonly holder: LockOwner }
  | { readonly type: 'opened'; readonly id: number; readonly address: string }
  | { readonly type: 'activity'; readonly id: number; readonly activity: ExporterActivity }
  /** What was asked for otherwise is done. */
  | { readonly type: 'done'; readonly id: number }
  | {
      readonly type: 'failed'
      readonly id?: number
      readonly code: ErrorCode
      readonly message: string
      /** A hook has taken the exporter out of service. */
      readonly retired?: boolean
    }
