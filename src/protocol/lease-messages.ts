import { isRecord } from '../base/check.ts'
import { wallClock } from '../base/clock.ts'
import { cutText } from '../base/cut-text.ts'

/** A client of an exporter. Other clients show it to their users. */
export interface LeaseClient {
  /** The process of the client; missing for a client that takes no lease. */
  readonly pid?: number | undefined
  /** The name of the client's machine. */
  readonly host?: string | undefined
  /** The command that started the process: `vitest run`. */
  readonly command: string
  /** The test file that needs the exporter, if any. */
  readonly file?: string | undefined
  /** The time at which the client began to use the exporter, in milliseconds since 1970. */
  readonly since: number
}

/** The messages of a client that takes a lease. */
export type ToLeases =
  /** The first message: the client asks for the lease. */
  | { readonly type: 'take'; readonly client: Omit<LeaseClient, 'since'> }
  /** Every {@link beatMs}: the client is still there. */
  | { readonly type: 'beat' }

/** The messages of an exporter to a client that takes a lease. */
export type FromLeases =
  /** Another client has the exporter. */
  | { readonly type: 'waiting'; readonly holder: LeaseClient }
  /** The client has the lease as long as this call. Its other calls carry the key in their metadata. */
  | { readonly type: 'granted'; readonly key: string }

/** The time between two signs of life of a client, in milliseconds. */
export const beatMs = 2_000
/**
 * The time after which an exporter takes a client without a sign of life for dead, in milliseconds. Its board is on and unwatched
 * until then; a main process of Vitest that transforms many files may be busy for some seconds.
 */
export const silenceMs = 15_000

/** The longest text of a client that others are shown, in UTF-16 code units. */
const maxTextLength = 300

/**
 * Reads the client that a message of the other side names. Its texts are cut and made well-formed, because people read them, and
 * because gRPC throws on texts that are not well-formed.
 *
 * @returns `undefined` for a message that names none
 */
export function readClient(client: unknown): LeaseClient | undefined {
  if (!isRecord(client)) return undefined
  const { command, host, file, pid, since } = client
  const text = (value: unknown) => (typeof value === 'string' ? cutText(value, maxTextLength) : undefined)
  const known = text(command)
  if (known === undefined) return undefined
  return {
    command: known,
    host: text(host),
    file: text(file),
    pid: Number.isSafeInteger(pid) ? Number(pid) : undefined,
    since: isTime(since) ? since : wallClock(),
  }
}

/** Says where a client is, to stand behind its command: ` (process 1234 on ci-3)`; empty if nobody knows. */
export function placeOf({ pid, host }: Pick<LeaseClient, 'pid' | 'host'>): string {
  const parts = [pid === undefined ? '' : `process ${pid}`, host === undefined ? '' : `on ${host}`].filter(Boolean)
  return parts.length === 0 ? '' : ` (${parts.join(' ')})`
}

/** True for a time that a `Date` can hold. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(new Date(value).getTime())
}
