import type { ErrorCode } from '../errors.ts'

/** What a run tells the process of an exporter that it has started. */
export type ToExporter =
  | { readonly type: 'open'; readonly id: number }
  | { readonly type: 'close'; readonly id: number }

/** What the process answers. `id` is the request's; `ready` and the first `failed` have none. */
export type FromExporter =
  | {
      readonly type: 'ready'
      readonly name: string
      readonly labels: Readonly<Record<string, string>>
      readonly warnings: readonly string[]
    }
  | { readonly type: 'opened'; readonly id: number; readonly address: string }
  | { readonly type: 'closed'; readonly id: number }
  | { readonly type: 'failed'; readonly id?: number; readonly code: ErrorCode; readonly message: string }
