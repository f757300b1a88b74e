import type { ErrorCode } from '../errors.ts'

/** What a run tells the process of an exporter that it has started. */
export type ToExporter =
  | { readonly type: 'open'; readonly id: number }
  | { readonly type: 'close'; readonly id: number }

/** What the process answers. `id` is the request's; `folder`, `ready` and the first `failed` have none. */
export type FromExporter =
  /** Has all its sockets and temporary files; it removes it unless it is killed. */
  | { readonly type: 'folder'; readonly path: string }
  | {
      readonly type: 'ready'
      readonly name: string
      readonly labels: Readonly<Record<string, string>>
      readonly warnings: readonly string[]
      /** How long its hooks may take, before and after a lease. */
      readonly hooksMs: { readonly before: number; readonly after: number }
    }
  | { readonly type: 'opened'; readonly id: number; readonly address: string }
  | { readonly type: 'closed'; readonly id: number }
  | {
      readonly type: 'failed'
      readonly id?: number
      readonly code: ErrorCode
      readonly message: string
      /** A hook has taken the exporter out of service. */
      readonly retired?: boolean
    }
