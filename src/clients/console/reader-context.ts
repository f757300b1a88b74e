import type { WaitOptions } from '../../base/wait-options.ts'
import type { ErrorDetails } from '../../errors.ts'
import type { BoardFailure } from '../board-failure.ts'
import type { ConsoleStream } from './console-stream.ts'
import type { SentTexts } from './sent-texts.ts'

/** The common part of all readers of one console. */
export interface ReaderContext {
  /** The name of the console in errors. */
  readonly name: string
  /** The facts of the connection, for errors. */
  readonly details?: ErrorDetails | undefined
  readonly stream: ConsoleStream
  /** The time after which a wait ends while the device is away, in milliseconds. */
  readonly returnTimeoutMs: number
  /** @returns the limits of a wait without options */
  readonly limits: () => WaitOptions & { readonly timeoutMs: number }
  /** Ends the waits of this console when another console reports a failure. */
  readonly boardFailure: BoardFailure | undefined
  /** @returns true for the failure that a guard of this console has reported */
  readonly isOwnFailure: (reason: unknown) => boolean
  /** Texts that errors do not show. */
  readonly secrets: ReadonlySet<string>
  /** The texts that were typed last, by all readers. */
  readonly sent: SentTexts
  /** Returns the time of the last call of a driver, in milliseconds since 1970. */
  readonly lastCallAt?: (() => number) | undefined
}
